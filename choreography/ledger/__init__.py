"""One row per reaction to an event, from INTENT to DONE, SKIPPED or HELD: what makes a replay harmless.

Sixth floor, on `outbox`: a row and what is stated about it are one transaction. Promises: every write commits only
under the partition's current claim; a decision is written down once; what is held keeps its record. Does not: decide
what is done; `consume` asks before an effect and tells after it.

Read: `table` and `entry`, `journal` (what is written, for `consume`), `bookkeeping` and `rows` (how), `batch` (together
with others), `claims`, `positions`; `hold`, `held_record` and `held` for what waits; `begin` and `effect_memory` for
what an attempt asks; `statements` for what is said; `undoing`, `erasure`.
"""
