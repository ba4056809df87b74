"""What the kit itself states about a reaction, so that silence has a meaning.

A fact says what happened. These records say what did not simply happen: skipped, held, decided. Their ids are derived
like those of facts, so that stating one twice is stating it once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from choreography.entry import Entry
from choreography.event import Event
from choreography.ids import fact_id
from choreography.record import TopicPartition
from choreography.records import (
    HoldReason,
    KitRecord,
    LedgerBegan,
    Position,
    ReactionDecided,
    ReactionHeld,
    ReactionSkipped,
    SkipCause,
    group_correlation,
)


def nothing_to_do(group: str, entry: Entry, reason: str, at: datetime) -> KitRecord:
    """State that an event needed no effect."""
    record = ReactionSkipped(**_about(group, entry), cause=SkipCause.NOTHING_TO_DO, reason=reason)
    return _stamped(record, entry, at)


def undone(group: str, entry: Entry, by: Event, at: datetime) -> KitRecord:
    """State that an event was undone before it had an effect, and by which later one."""
    record = ReactionSkipped(
        **_about(group, entry), cause=SkipCause.UNDONE, undone_by=by.event_id, undone_by_type=by.ce_type()
    )
    return _stamped(record, entry, at)


def held(group: str, entry: Entry, reason: HoldReason, detail: str, at: datetime) -> KitRecord:
    """State that an event waits for a person, where its record stands, and why."""
    record = ReactionHeld(**_about(group, entry), reason=reason, detail=detail, blocks_lane=False)
    return _stamped(record, entry, at)


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


def _stamped(record: KitRecord, entry: Entry, at: datetime) -> KitRecord:
    return record.stamped(
        event_id=fact_id(entry.effect_key, type(record)),
        key=entry.record_key,
        correlation=entry.correlation,
        order=max(entry.order, 1),
        at=at,
    )
