"""A row of the ledger as it is written down again, with the same columns and meaning as the first time; and the sum.

A rebuild begins with a `Past` and ends in a `Rebuilt`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from choreography.declare.event import Event
from choreography.errors import ChoreographyError
from choreography.ledger.table import State, ledger
from choreography.outbox.outbox import pack_headers
from choreography.rebuild.statements_read import Known, Said
from choreography.records import HoldReason, ReactionHeld
from choreography.wire.record import Record, TopicPartition

Values = Mapping[str, Any]
NEVER_BEGUN: Final = frozenset({HoldReason.QUEUED, HoldReason.AGE})
UNKNOWN: Final = (
    "The ledger was lost before anybody was told whether this has been done. Look at the target: if it has, drop this; "
    "if it has not, release it."
)
_PLAIN: Final[Values] = {
    "begun": False,
    "attempts": 0,
    "holds": 0,
    "claim": 0,
    "decided_kind": None,
    "decided": None,
    "blocks_lane": False,
    "released": False,
}
_EMPTY: Final[Values] = {**{column.name: None for column in ledger.c if not column.primary_key}, **_PLAIN}


@dataclass(frozen=True, slots=True)
class Leftover:
    """A reaction without a fact: what its row says, and whether the row keeps the record.

    Attributes:
        is_new: nobody has been told so far that it is held.
    """

    effect_key: UUID
    known: Known
    values: Values
    keeps_record: bool = False
    is_new: bool = False

    def row(self, record: Record | None) -> dict[str, Any]:
        """Return the whole row."""
        return {**_EMPTY, **_own(self.effect_key, self.known), **self.values, **(kept(record) if record else {})}


def done_row(effect: UUID, known: Known, fact: Event, said: Said | None) -> dict[str, Any]:
    """Return the row of an effect that has happened; without the columns that are empty in every such row."""
    at = fact.recorded_at.isoformat()
    stated = {"fact_type": type(fact).__name__, "fact": fact.model_dump_json(), "created_at": at, "updated_at": at}
    done = {"state": State.DONE, "begun": True, "attempts": 1, **stated}
    return {**_PLAIN, **_own(effect, known), **(told(said) if said else {}), **done}


def told(said: Said) -> dict[str, Any]:
    """Return what the lines about a reaction say, whatever its state."""
    kind, text = said.decided or (None, None)
    at = said.since.isoformat()
    return {
        "decided_kind": kind,
        "decided": text,
        "holds": len(said.holds),
        "attempts": int(bool(text)),
        "created_at": at,
        "updated_at": at,
    }


def held_again(said: Said, line: ReactionHeld) -> dict[str, Any]:
    """Return what is held as it was held; whether it had begun is not stated, so only what never can have is not."""
    begun = said.decided is not None or line.reason not in NEVER_BEGUN
    return told(said) | {
        "state": State.HELD,
        "begun": begun,
        "attempts": int(begun),
        "hold_reason": line.reason,
        "hold_detail": line.detail or "",
        "blocks_lane": line.blocks_lane,
        "not_before": line.not_before.isoformat() if line.not_before else None,
    }


def held_for_a_person(values: Values) -> dict[str, Any]:
    """Return what has to be held now, because nobody knows whether it was done and it must not be done twice."""
    held = {"state": State.HELD, "hold_reason": HoldReason.RESTRICTED, "hold_detail": UNKNOWN, "released": False}
    return {**values, **held, "holds": values.get("holds", 0) + 1}


def kept(record: Record) -> dict[str, Any]:
    """Return the columns that keep the record itself."""
    return {
        "raw_key": record.key,
        "raw_value": record.value,
        "raw_headers": pack_headers(record.headers),
        "raw_timestamp": record.timestamp_ms,
    }


def _own(effect: UUID, known: Known) -> dict[str, Any]:
    return {
        "effect_key": str(effect),
        "record_key": known.record_key,
        "correlation_id": str(known.correlation),
        "sequence": known.order,
        "event_id": str(known.event_id),
        "event_type": known.event_type,
        "topic": known.at.topic,
        "partition": known.at.partition,
        "offset": known.offset,
    }


@dataclass(slots=True)
class Tally:
    """What was found on the log.

    Attributes:
        facts: facts of the service, each once.
        repeated: records that repeat a fact.
        foreign: records on the service's topics that answer nothing for this group.
        eventless: facts whose events are not on their topics any more.
    """

    facts: int = 0
    repeated: int = 0
    foreign: int = 0
    eventless: int = 0


class NothingToRebuild(ChoreographyError):  # noqa: N818 - an answer
    """The group has no past: start the service, and it begins."""


@dataclass(frozen=True)
class Past:
    """What the broker keeps of a group.

    Attributes:
        committed: its committed offsets.
        ledger_id: the ledger that they name.
    """

    committed: Mapping[TopicPartition, int]
    ledger_id: UUID | None


@dataclass
class Rebuilt:
    """What a rebuild has found, and written unless it was only tried.

    Attributes:
        ledger_id: whose identity the ledger took over.
        begins: where the group begins.
        unstated: partitions of which nobody stated that.
        tally: what was found on the topics of facts.
        rows: how many rows there are, by state.
        held: what is held now, because nobody knows whether it was done.
        gone: what cannot be run any more, because its record has left the topic.
    """

    ledger_id: UUID
    begins: Mapping[TopicPartition, int]
    unstated: Sequence[TopicPartition]
    tally: Tally = field(default_factory=Tally)
    rows: Counter[str] = field(default_factory=Counter)
    held: list[Leftover] = field(default_factory=list)
    gone: list[Leftover] = field(default_factory=list)
