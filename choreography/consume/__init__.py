"""From a fetched record to its end, in the order of its lane.

Seventh floor. Promises: one record of a key at a time, lanes beside each other; what fails holds its own lane and
nobody else's; a target that is down is waited for; a bad version stops itself. The core, `lanes`, is a state machine
without threads or clocks. Does not: know a domain, a settings model or how a process is put together.

Read: `worker` (the way of one record) with `reader`, `attempts`, `failures`; `lane`, `lanes`, `in_flight`;
`subscription`, `membership`, `admission`, `start`, `finished` (what was given to this member and how far it has come);
`backlog` (what waits in the ledger); `targets` with `breaker`, and `brake`.
"""
