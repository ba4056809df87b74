"""What is asked of the ledger before an effect and after it, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import RowMapping

from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.undoing import Undoing
from choreography.outbox.outbox import OutboxRow
from choreography.wire.record import TopicPartition


class Opening(StrEnum):
    """What is to be done about a reaction."""

    FIRST = "first"  # nothing stands about it so far
    AGAIN = "again"  # tried before, without touching the target
    REPEATED = "repeated"  # an earlier attempt may have touched the target
    ALREADY_FINISHED = "already_finished"
    BEFORE_BEGIN = "before_begin"
    UNDONE = "undone"
    HELD = "held"


class Opened(NamedTuple):
    """What is to be done, whether a person released it from a hold, and from which, if nothing was attempted since."""

    opening: Opening
    released: bool = False
    answered: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Begin:
    """An effect is about to be attempted; see `Journal.open` for what the attributes mean."""

    entry: Entry
    begin: int
    undone_by: Undoing | None
    waited: bool
    guard: Holding | None


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """An effect happened; see `Journal.done`."""

    entry: Entry
    fact_type: str
    fact: str
    undoes: tuple[str, ...]
    row: OutboxRow


def is_new(one: Begin, rows: Mapping[str, RowMapping], claims: Mapping[TopicPartition, int | None]) -> bool:
    """Whether nothing stands about a reaction, and nothing speaks against attempting its effect."""
    at = one.entry.record.at
    return (
        str(one.entry.effect_key) not in rows
        and one.entry.record.offset >= one.begin
        and one.undone_by is None
        and one.guard is None
        and claims[at] == one.entry.claim
    )
