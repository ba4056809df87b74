"""Anomalies of order: effects that came too late to be right, or before what had to come first."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.checker.anomaly import Anomaly, Name
from tests.checker.duty import Duty, Event, Lane
from tests.checker.effects import finished_at, first_intent, since, time_of
from tests.checker.history import Assignment, Effect, Line, Record
from tests.checker.index import Index

BESIDE: Final = frozenset({"AGE", "BRAKE", "RESTRICTED"})  # reasons to hold that do not block a lane


def stale_effects(index: Index) -> Iterator[Anomaly]:
    """Find effects for events that had been undone: the later event was handled already, or had to be seen."""
    for duty in index.duties.values():
        if not duty.undoing and not _taken_back_by(index, duty):
            continue
        found = _after_its_undoing(index, duty) or _though_undone(index, duty)
        if found is not None:
            yield found


def early_effects(index: Index) -> Iterator[Anomaly]:
    """Find effects before their own event, or before an earlier event of their lane had its effect."""
    lanes: dict[Lane, list[tuple[Duty, Effect, float]]] = defaultdict(list)
    for duty in index.duties.values():
        if not duty.effects or duty.effects[0].at is None:
            continue
        effect, record = duty.effects[0], duty.event.record
        if record.at is not None and duty.effects[0].at + index.slack < record.at:
            says = f"{effect.kind} of {effect.id} at {effect.target} came before {duty.event.type} was on its topic."
            yield Anomaly(Name.EARLY_EFFECT, says, (effect, record))
        lanes[duty.lane].append((duty, effect, duty.effects[0].at))
    for lane in lanes.values():
        yield from _overtaking(index, sorted(lane, key=lambda one: one[0].event.record.offset))


def _overtaking(index: Index, lane: list[tuple[Duty, Effect, float]]) -> Iterator[Anomaly]:
    latest: tuple[Duty, Effect, float] | None = None
    for one in lane:
        duty, effect, at = one
        if any(row.hold_reason in BESIDE for row in duty.rows):
            continue  # it waited beside its lane, and came when its time had come
        if latest is not None and at + index.slack < latest[2]:
            says = f"{effect.kind} for {duty.event.type} came before {latest[1].kind} for {latest[0].event.type}."
            yield Anomaly(Name.EARLY_EFFECT, says, (latest[0].event.record, duty.event.record, effect, latest[1]))
        else:
            latest = one


def _taken_back_by(index: Index, duty: Duty) -> list[Duty]:
    """Find the duties that take this one's effect back."""
    event, reaction = duty.event, duty.reaction
    return [
        one
        for one in index.duties_of_case.get((event.correlation, reaction.target), ())
        if one.reaction.group == reaction.group
        and (event.type in one.reaction.undoes or one.event.type in reaction.unless)
        and one.event.sequence >= event.sequence
        and one is not duty
    ]


def _after_its_undoing(index: Index, duty: Duty) -> Anomaly | None:
    ends = [(one, line) for one in _taken_back_by(index, duty) for line in _ends(one)]
    for effect in duty.effects or ():
        for later, end in ends:
            ended = time_of(end)
            if ended is not None and effect.at is not None and effect.at > ended + index.slack:
                says = f"{effect.kind} of {effect.id} at {effect.target} came after {later.event.type} was dealt with."
                return Anomaly(Name.STALE_EFFECT, says, (later.event.record, end, effect))
    return None


def _ends(duty: Duty) -> Iterator[Line]:
    """Iterate over what shows that a duty was finished, or had its effect."""
    finished = finished_at(duty)
    if finished is not None:
        yield finished
    elif duty.effects:
        yield duty.effects[0]


def _though_undone(index: Index, duty: Duty) -> Anomaly | None:
    """Return the anomaly if the effect was begun when what undoes its event had to be known."""
    happened: Effect | Record | None = None
    if duty.effects:
        happened = duty.effects[0]
    elif duty.effects is None and duty.facts:
        happened = duty.facts[0].record
    intent = first_intent(duty)
    begun = time_of(happened) if intent is None else since(intent)
    if happened is None or begun is None or duty.reaction.group in index.ledgers_lost:
        return None
    for later in duty.undoing:
        seen = _had_to_be_seen(index, duty, later, begun)
        if seen is not None:
            says = f"{duty.reaction.group} acted on {duty.event.type} though {later.type} stood on the topic."
            return Anomaly(Name.STALE_EFFECT, says, (duty.event.record, later.record, *seen, happened))
    return None


def _had_to_be_seen(index: Index, duty: Duty, later: Event, begun: float) -> tuple[Assignment, ...] | None:
    record, place = later.record, duty.place
    if (record.topic, record.partition) != place[1:]:
        return None
    assignments = index.assignments.get(place, [])
    count = bisect_left(assignments, begun - index.slack, key=lambda one: one.at)
    if count and record.offset < assignments[count - 1].end:
        return (assignments[count - 1],)
    wait = index.expectations.seen_after
    if wait is not None and record.at is not None and record.at + wait + index.slack < begun:
        return ()
    return None
