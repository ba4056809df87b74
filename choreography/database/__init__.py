"""One database per service: SQLite or PostgreSQL, one thread that owns it, and locks that outlive a pause.

Second floor; knows nothing of events. Promises: nobody is answered before the commit; what many want at the same moment
is committed together; a database that is away, full or locked is waited for, and never a reason to lose or repeat
anything; a file that was exchanged under the process is noticed. Does not: say what the tables mean, which is up to
whoever declares them (`outbox`, `ledger`, `wire.registry`).

Read: `database`, `group_commit`, `transaction`, `engine` (and `postgresql`, `watched_files`), `waiting` with
`diagnosis`, `locks` with `lock_sessions`; `migration`, `secure_delete` and `addresses` when you need them.
"""
