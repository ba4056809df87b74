"""The table of the ledger: one row per reaction to an event, and the states that it may be in."""

from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, false

from choreography.ledger import claims

metadata: Final = claims.metadata
ledger: Final = Table(
    "ledger",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("effect_key", String(36), nullable=False, unique=True),
    Column("record_key", Text, nullable=False),
    Column("correlation_id", String(36), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("state", String(7), nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("holds", Integer, nullable=False, server_default="0"),
    Column("claim", Integer, nullable=False),
    Column("decided_kind", Text),
    Column("decided", Text),
    Column("decided_row", BigInteger),  # of the outbox, where the decision was stated
    Column("fact_type", Text),
    Column("fact", Text),
    Column("undone_by", String(36)),
    Column("hold_reason", Text),
    Column("hold_detail", Text),
    Column("blocks_lane", Boolean, nullable=False, server_default=false()),
    Column("not_before", Text),
    Column("ordered", String(7)),
    Column("released", Boolean, nullable=False, server_default=false()),
    Column("resolved_by", String(36)),
    Column("resolved_by_type", Text),
    Column("raw_key", LargeBinary),
    Column("raw_value", LargeBinary),
    Column("raw_headers", Text),
    Column("raw_timestamp", BigInteger),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
)
Index("ledger_by_key", ledger.c.record_key, ledger.c.correlation_id)
WAITING: Final = ledger.c.state.in_(("INTENT", "HELD"))
Index("ledger_waiting", ledger.c.topic, ledger.c.partition, ledger.c.raw_key, ledger.c.offset,
      sqlite_where=WAITING, postgresql_where=WAITING)  # fmt: skip


class State(StrEnum):
    """How far a reaction has come."""

    INTENT = "INTENT"
    DONE = "DONE"
    SKIPPED = "SKIPPED"
    HELD = "HELD"


class Order(StrEnum):
    """What is to become of a held row: marked by a person, or by the arrival of what undoes it."""

    RELEASE = "release"
    DROP = "drop"
    RESOLVE = "resolve"


FINISHED: Final = frozenset({State.DONE, State.SKIPPED, State.HELD})
ENDED: Final = frozenset({State.DONE, State.SKIPPED})
