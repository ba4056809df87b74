"""Where a group begins: a position per partition, written down before anything is read.

An idle partition has no committed offset, and a record that arrives in it while the member is down would be lost to
`auto.offset.reset`. So the first assignment writes a begin position for every partition, idle ones too, both here and
as a committed offset; what stands before it and has no row in the ledger is not for this group.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, Text, insert, select

from choreography.errors import InvalidSettings
from choreography.record import TopicPartition

Starts = Literal["now", "earliest"] | date
metadata: Final = MetaData()
positions: Final = Table(
    "positions",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("begin", BigInteger, nullable=False),
    Column("finished", BigInteger),
)
identity: Final = Table(
    "identity",
    metadata,
    Column("ledger_id", String(36), primary_key=True),
    Column("group_id", Text, nullable=False),
)


def begin_positions(tx: Connection) -> dict[TopicPartition, int]:
    """Return every begin position that is written down."""
    return {TopicPartition(row.topic, row.partition): row.begin for row in tx.execute(select(positions))}


def write_begin_positions(tx: Connection, begins: Mapping[TopicPartition, int]) -> None:
    """Write down where partitions begin."""
    rows = [{"topic": at.topic, "partition": at.partition, "begin": begin} for at, begin in begins.items()]
    if rows:
        tx.execute(insert(positions), rows)


def ledger_id(tx: Connection, group: str) -> UUID:
    """Return the identity of this group's ledger; a new one gets its own.

    Raises:
        InvalidSettings: it is the ledger of another group.
    """
    found = tx.execute(select(identity)).one_or_none()
    if found is None:
        made = uuid4()
        tx.execute(insert(identity).values(ledger_id=str(made), group_id=group))
        return made
    if found.group_id != group:
        reason = f"DATABASE_URL: this database is the ledger of {found.group_id}; {group} needs one of its own."
        raise InvalidSettings((reason,))
    return UUID(found.ledger_id)
