"""Where a group begins in each partition and how far it has come, written down; and whose ledger this is.

An idle partition has no committed offset, and a record that arrives in it while the member is down would be lost to
`auto.offset.reset`. So the first assignment writes a begin position for every partition, idle ones too, both here and
as a committed offset; what stands before it and has no row in the ledger is not for this group.

`finished` is the finished prefix: read next from there, everything before it has ended. It is written before the same
offset is stored for the broker, so it is never behind the committed one, unless an older copy of this database was
brought back.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from choreography.errors import InvalidSettings
from choreography.wire.record import TopicPartition

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
    Column("group_id", Text, nullable=False, unique=True),
)
_ALL: Final = select(positions)
_IN: Final = (positions.c.topic == bindparam("in_topic"), positions.c.partition == bindparam("in_partition"))
_REACHED: Final = bindparam("reached", type_=BigInteger)
_SET: Final = update(positions).where(*_IN).values(finished=_REACHED)
_GROW: Final = _SET.where(or_(positions.c.finished.is_(None), positions.c.finished < _REACHED))


class Place(NamedTuple):
    """What the ledger knows about a partition.

    Attributes:
        begin: where the group began in it.
        finished: how far it has come; `None` where nothing has ended yet.
    """

    begin: int
    finished: int | None

    @property
    def prefix(self) -> int:
        """Where reading goes on."""
        return self.begin if self.finished is None else self.finished


def places(tx: Connection) -> dict[TopicPartition, Place]:
    """Return what is known about every partition."""
    return {TopicPartition(row.topic, row.partition): Place(row.begin, row.finished) for row in tx.execute(_ALL)}


def begin_positions(tx: Connection) -> dict[TopicPartition, int]:
    """Return every begin position that is written down."""
    return {at: place.begin for at, place in places(tx).items()}


def write_begin_positions(tx: Connection, begins: Mapping[TopicPartition, int]) -> None:
    """Write down where partitions begin."""
    rows = [{"topic": at.topic, "partition": at.partition, "begin": begin} for at, begin in begins.items()]
    if rows:
        tx.execute(insert(positions), rows)


def write_finished(tx: Connection, reached: Mapping[TopicPartition, int]) -> None:
    """Write down how far partitions are finished, before the same is stored for the broker.

    It only grows: a member that was paused and does not know yet that it lost a partition says something that was true
    once. No claim is needed for it.
    """
    if reached:
        tx.execute(_GROW, _rows(reached))


def reset_finished(tx: Connection, to: Mapping[TopicPartition, int]) -> None:
    """Write down that a person moved the group's offsets, forth or back."""
    if to:
        tx.execute(_SET, _rows(to))


def ledger_id(tx: Connection, group: str) -> UUID:
    """Return the identity of this group's ledger; a new one gets its own.

    Raises:
        InvalidSettings: it is the ledger of another group.
    """
    found = tx.execute(select(identity).with_for_update()).one_or_none()
    if found is None:
        try:
            with tx.begin_nested():
                return _identify(tx, group, uuid4())
        except IntegrityError:  # another member of the group was faster
            found = tx.execute(select(identity)).one()
    if found.group_id != group:
        reason = f"DATABASE_URL: this database is the ledger of {found.group_id}; {group} needs one of its own."
        raise InvalidSettings((reason,))
    return UUID(found.ledger_id)


def adopt_ledger_id(tx: Connection, group: str, ledger: UUID) -> None:
    """Make this the ledger that stands behind the group's committed offsets: it was rebuilt from the log."""
    ledger_id(tx, group)  # not that of another group
    tx.execute(delete(identity))
    _identify(tx, group, ledger)


def _identify(tx: Connection, group: str, ledger: UUID) -> UUID:
    tx.execute(insert(identity).values(ledger_id=str(ledger), group_id=group))
    return ledger


def _rows(reached: Mapping[TopicPartition, int]) -> list[dict[str, str | int]]:
    return [{"in_topic": at.topic, "in_partition": at.partition, "reached": to} for at, to in reached.items()]
