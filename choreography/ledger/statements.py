"""What the kit itself states about a reaction, so that silence has a meaning.

A fact says what happened. These records say what did not simply happen: skipped, held, decided. Their ids are derived
like those of facts, so that stating one twice is stating it once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from choreography.declare.ids import fact_id
from choreography.ledger.entry import Entry
from choreography.ledger.hold import Holding
from choreography.ledger.undoing import Undoing
from choreography.records import (
    KitRecord,
    LedgerBegan,
    Position,
    ReactionDecided,
    ReactionDropped,
    ReactionHeld,
    ReactionReleased,
    ReactionSkipped,
    SkipCause,
    group_correlation,
)
from choreography.wire.record import TopicPartition


def nothing_to_do(group: str, entry: Entry, reason: str, at: datetime) -> KitRecord:
    """State that an event needed no effect."""
    record = ReactionSkipped(**_about(group, entry), cause=SkipCause.NOTHING_TO_DO, reason=reason)
    return _stamped(record, entry, at)


def undone(group: str, entry: Entry, by: Undoing, at: datetime) -> KitRecord:
    """State that an event was undone before its effect was complete, and by which later one."""
    record = ReactionSkipped(
        **_about(group, entry), cause=SkipCause.UNDONE, undone_by=by.event_id, undone_by_type=by.event_type
    )
    return _stamped(record, entry, at)


def held(group: str, entry: Entry, hold: Holding, times: int, at: datetime) -> KitRecord:
    """State that an event waits, where its record stands, why, and until when; it is held for the `times`-th time."""
    record = ReactionHeld(
        **_about(group, entry),
        reason=hold.reason,
        detail=hold.detail,
        blocks_lane=hold.blocks_lane,
        not_before=hold.not_before,
    )
    return _stamped(record, entry, at, times)


def released(group: str, entry: Entry, times: int, at: datetime) -> KitRecord:
    """State that an event waits no longer and goes on; it was held `times` times."""
    return _stamped(ReactionReleased(**_about(group, entry)), entry, at, times)


def dropped(group: str, entry: Entry, at: datetime) -> KitRecord:
    """State that a person decided that an event is never to be handled."""
    return _stamped(ReactionDropped(**_about(group, entry)), entry, at)


def decided(group: str, entry: Entry, kind: str, decision: str, at: datetime) -> KitRecord:
    """State what an effect decided before it is carried out."""
    return _stamped(ReactionDecided(**_about(group, entry), kind=kind, decision=decision), entry, at)


def began(group: str, ledger_id: UUID, begins: Mapping[TopicPartition, int], at: datetime) -> KitRecord:
    """State where a ledger begins."""
    places = tuple(Position(topic=one.topic, partition=one.partition, offset=begins[one]) for one in sorted(begins))
    name = ",".join(f"{place.topic}:{place.partition}:{place.offset}" for place in places)
    record = LedgerBegan(group=group, ledger_id=ledger_id, positions=places)
    return record.stamped(
        event_id=uuid5(ledger_id, name), key=group, correlation=group_correlation(group), order=1, at=at
    )


def _about(group: str, entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "group": group,
        "effect_key": entry.effect_key,
        "event_type": entry.event_type or None,
        "caused_by": entry.event_id,
        "position": Position(topic=record.topic, partition=record.partition, offset=record.offset),
    }


def _stamped(record: KitRecord, entry: Entry, at: datetime, time: int | None = None) -> KitRecord:
    """Stamp a record; `time` tells one from the next where it can be stated several times."""
    event_id = fact_id(entry.effect_key, type(record))
    return record.stamped(
        event_id=event_id if time is None else uuid5(event_id, str(time)),
        key=entry.record_key,
        correlation=entry.correlation,
        order=max(entry.order, 1),
        at=at,
    )
