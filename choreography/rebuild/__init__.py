"""A ledger made again from the log, when it was lost.

Eighth floor. Promises: what was stated is DONE, what was held is HELD, and of what nobody knows it is either done again
under the same ids or held for a person. Does not: run while the group has a member.

Read: `fold` (the rules), `statements_read` and `undone` (what it folds), `row` (what it writes), `rebuilder` with
`decoded_log` (from a broker).
"""
