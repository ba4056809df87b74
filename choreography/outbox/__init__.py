"""What is to be stated, written in the transaction that made it true, and the relay that states it.

Fifth floor. Promises: a fact leaves at least once, in commit order per key, under an id that is always the same; of the
relays of one database one is active. Does not: leave exactly once; who reads recognises a repeat by its id.

Read: `outbox`, `relay` with `pending` and `relay_lock`, `producer`; `deadletter` is the copy of what failed.
"""
