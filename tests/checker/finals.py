"""Anomalies of the end: how the targets look when all is over."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.checker.anomaly import Anomaly, Name
from tests.checker.duty import Duty, Event
from tests.checker.excuses import excuse
from tests.checker.expectations import Final
from tests.checker.history import Effect, Line
from tests.checker.index import Index
from tests.checker.sets import added, members, taken


def wrong_final_states(index: Index) -> Iterator[Anomaly]:
    """Find targets that do not look as the last event of each case says, and mails that answer nothing."""
    yield from _told_otherwise_for_nothing(index)
    if not index.expectations.quiet:
        return
    for final in index.expectations.finals:
        target = index.targets[final.target]
        yield from _wrong_objects(index, final) if target.style == "object" else _wrong_sets(index, final)


def _told_otherwise_for_nothing(index: Index) -> Iterator[Anomaly]:
    for duty in index.duties.values():
        if not duty.reaction.undoes or not duty.effects or any(one.has_happened for one in duty.undone):
            continue
        effect = duty.effects[0]
        if effect.before is not None and effect.before == effect.after:
            continue
        says = f"{effect.kind} at {effect.target} takes back for {duty.event.type} what never happened."
        yield Anomaly(Name.WRONG_FINAL_STATE, says, (duty.event.record, effect))


def _wrong_objects(index: Index, final: Final) -> Iterator[Anomaly]:
    present: dict[str, dict[str, Effect]] = defaultdict(dict)
    last: dict[str, Effect] = {}
    for effect in index.history.effects:
        if effect.target == final.target and effect.correlation is not None:
            last[effect.correlation] = effect
            if effect.after is None:
                present[effect.correlation].pop(effect.id, None)
            else:
                present[effect.correlation][effect.id] = effect
    for correlation, decisive in _decisive(index, final).items():
        found = present.get(correlation, {})
        wanted = decisive.type in final.present_after
        if wanted == bool(found) or not _counts(index, final, decisive):
            continue
        if wanted and correlation not in last:
            continue  # never there: a lost effect
        says = f"{final.target} {'lacks' if wanted else 'still has'} the object of {correlation}."
        proof = next(iter(found.values()), last.get(correlation))
        yield Anomaly(Name.WRONG_FINAL_STATE, says, _lines(decisive.record, proof))


@dataclass(slots=True)
class _Set:
    """A set in a target: as it was, as it is, and the lines that show both."""

    first: Effect
    last: Effect
    baseline: frozenset[str] = frozenset()
    takes: list[Event] = field(default_factory=list)
    gives: list[Event] = field(default_factory=list)
    is_excused: bool = False


def _wrong_sets(index: Index, final: Final) -> Iterator[Anomaly]:
    sets = _sets(index, final)
    keys: dict[str, list[_Set]] = defaultdict(list)
    for name, one in sets.items():
        keys[one.first.key or name].append(one)
    for decisive in _decisive(index, final).values():
        for one in keys.get(decisive.record.key or "", ()):
            one.is_excused |= not _counts(index, final, decisive)
            (one.takes if decisive.type in final.present_after else one.gives).append(decisive)
    for name, one in sets.items():
        wanted = one.baseline
        if one.takes:
            wanted = frozenset() if final.takes is None else wanted - set(final.takes)
        now = members(one.last.after)
        if now == wanted or one.is_excused:
            continue
        wrong = ", ".join(sorted(now ^ wanted))
        says = f"{name} at {final.target} must {'lack' if one.takes else 'have back'} what differs: {wrong}."
        because = (one.takes or one.gives)[-1:]
        states = (one.first,) if one.first is one.last else (one.first, one.last)
        yield Anomaly(Name.WRONG_FINAL_STATE, says, (*(event.record for event in because), *states))


def _sets(index: Index, final: Final) -> dict[str, _Set]:
    sets: dict[str, _Set] = {}
    for effect in index.history.effects:
        if effect.target != final.target:
            continue
        known = sets.get(effect.id)
        if known is None:
            known = sets[effect.id] = _Set(effect, effect, members(effect.before))
        known.last = effect
        if effect.by == "other":
            known.baseline = known.baseline - taken(effect) | added(effect)
    return sets


def _decisive(index: Index, final: Final) -> dict[str, Event]:
    """Return the last event of each case that says how the target must look."""
    types = {*final.present_after, *final.absent_after}
    found: dict[str, Event] = {}
    for duty in _duties(index, final):
        event = duty.event
        if event.type in types and not duty.is_before_begin:
            known = found.get(event.correlation)
            if known is None or known.sequence < event.sequence:
                found[event.correlation] = event
    return found


def _counts(index: Index, final: Final, decisive: Event) -> bool:
    """Whether the target must look so: no duty of the case is excused, and the group works."""
    of_case = [one for one in index.duties_of_case[decisive.correlation, final.target] if not one.is_before_begin]
    return not any(excuse(index, one) or one.reaction.group in index.expectations.brakes for one in of_case)


def _duties(index: Index, final: Final) -> Iterator[Duty]:
    return (one for one in index.duties.values() if one.reaction.target == final.target)


def _lines(*lines: Line | None) -> tuple[Line, ...]:
    return tuple(one for one in lines if one is not None)
