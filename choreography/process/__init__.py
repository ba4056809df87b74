"""A service as a process: from settings to the last position stored.

Ninth floor. Promises: a configuration that cannot work is refused at start with all reasons at once; what is away is
waited for, and health says so; a signal ends it in order. Does not: keep anything between two runs but the database.

Read: `process` with `serving` and `assembly` (the only place that knows how all of it is put together), `publisher`
(also for those who only state facts), `preflight` with `needs`; `inbox` reads requests of foreign systems.
"""
