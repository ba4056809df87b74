"""The kit alone, on a real broker: one file per row of the table, and what the rows have in common.

`orders` fills the topics, `member` is one member of a group in this process, `service` is one as a process.
"""
