"""Anomalies of effects: lost, doubled, repeated by a replay, made without having been written down."""

from collections.abc import Iterator
from itertools import pairwise

from tests.checker.anomaly import Anomaly, Name
from tests.checker.duty import Duty
from tests.checker.excuses import excuse, is_due
from tests.checker.history import Effect, Line, Row
from tests.checker.index import Index
from tests.checker.sets import changed


def lost_effects(index: Index) -> Iterator[Anomaly]:
    """Find effects that are due and did not happen, though the group has moved past their events."""
    if not index.expectations.quiet:
        return
    for duty in index.duties.values():
        if not is_due(index, duty) or duty.has_happened or excuse(index, duty) is not None:
            continue
        commits = index.commits.get(duty.place, ())
        last = commits[-1] if commits else None
        if last is None or last.offset <= duty.event.record.offset:
            continue  # nobody has come to it: that is a wedged partition
        reaction = duty.reaction
        says = f"{reaction.group} owes {reaction.kind} at {reaction.target} for {duty.event.type} {duty.event.id}."
        proof: tuple[Line | None, ...] = (duty.event.record, duty.row, last if duty.row is None else None)
        yield Anomaly(Name.LOST_EFFECT, says, tuple(one for one in proof if one is not None))


def doubled_effects(index: Index) -> Iterator[Anomaly]:
    """Find effects that happened twice, be it by a replay or for want of a flag; and those for before the beginning."""
    for duty in index.duties.values():
        if not duty.effects:
            continue
        if duty.is_before_begin:
            says = f"{duty.event.type} {duty.event.id} stands before the beginning of {duty.reaction.group}."
            yield Anomaly(Name.REPLAY_EFFECT, says, (duty.event.record, duty.effects[0]))
            continue
        replayed = _replayed(index, duty)
        if replayed is not None:
            yield replayed
        elif len(duty.effects) > 1:
            doubled = _doubled(index, duty, duty.effects)
            if doubled is not None:
                yield doubled
    yield from _two_objects(index)


def effects_without_intent(index: Index) -> Iterator[Anomaly]:
    """Find effects that no ledger had written down when the target took them, or that nothing explains."""
    for effect in index.unexplained:
        says = f"{effect.kind} of {effect.id} at {effect.target} belongs to no event."
        yield Anomaly(Name.EFFECT_WITHOUT_INTENT, says, (effect,))
    for duty in index.duties.values():
        if not duty.effects:
            continue
        intent = first_intent(duty)
        early = next((one for one in duty.effects if _was_not_intended(index, duty, intent, one)), None)
        if early is not None:
            says = f"{early.kind} of {early.id} at {early.target} was made before it was written down."
            yield Anomaly(Name.EFFECT_WITHOUT_INTENT, says, (early,) if intent is None else (early, intent))


def first_intent(duty: Duty) -> Row | None:
    """Return the line of the ledger that shows since when the effect was intended."""
    return next((row for row in duty.rows if row.state == "INTENT"), duty.rows[0] if duty.rows else None)


def since(row: Row) -> float | None:
    """Return since when a row stands in the ledger, as this line tells it."""
    return row.created_at if row.created_at is not None else row.at


def finished_at(duty: Duty) -> Line | None:
    """Return the earliest line that shows that the duty was finished at a known time: its fact, or its row."""
    ends: list[tuple[float, Line]] = [
        (one.record.at, one.record) for one in (*duty.facts, *duty.instead) if one.record.at is not None
    ]
    ends += [(row.at, row) for row in duty.rows if row.state in ("DONE", "SKIPPED") and row.at is not None]
    return min(ends, key=lambda end: end[0])[1] if ends else None


def _was_not_intended(index: Index, duty: Duty, intent: Row | None, effect: Effect) -> bool:
    if intent is None:
        return True
    if duty.reaction.group in index.ledgers_lost:
        return False
    written = intent.at if len(duty.rows) > 1 else since(intent)
    return written is not None and effect.at is not None and effect.at + index.slack < written


def time_of(line: Line | None) -> float | None:
    """Return when a line happened."""
    return None if line is None else getattr(line, "at", None)


def _replayed(index: Index, duty: Duty) -> Anomaly | None:
    """Return the anomaly if an effect came after a reset although the duty had been finished before the reset."""
    effects = [(one.at, one) for one in duty.effects or () if one.at is not None]
    finished = finished_at(duty)
    ended = time_of(finished)
    group, topic, partition = duty.place
    for reset in index.resets.get(group, ()):
        if reset.at is None or reset.topic not in (None, topic) or reset.partition not in (None, partition):
            continue
        again = next((one for at, one in effects if at > reset.at + index.slack), None)
        proof = finished if ended is not None else next((one for at, one in effects if at < reset.at), None)
        if again is not None and proof is not None and (ended is None or ended < reset.at):
            says = f"After a reset of {group}, {again.kind} of {again.id} was done again."
            return Anomaly(Name.REPLAY_EFFECT, says, (proof, reset, again))
    return None


def _doubled(index: Index, duty: Duty, effects: list[Effect]) -> Anomaly | None:
    target = index.targets.get(duty.reaction.target)
    style = target.style if target else "mail"
    if style == "mail":
        return _mailed_twice(index, duty, effects)
    for first, second in pairwise(effects):
        if style == "object" and second.before is not None and second.before != second.after:
            says = f"{second.kind} of {second.id} at {second.target} replaced what the same effect had done."
            return Anomaly(Name.DUPLICATE_EFFECT, says, (first, second))
        if style == "set" and changed(first) & changed(second):
            says = f"{second.kind} of {second.id} at {second.target} did the same to the same members once more."
            return Anomaly(Name.DUPLICATE_EFFECT, says, (first, second))
    return None


def _mailed_twice(index: Index, duty: Duty, effects: list[Effect]) -> Anomaly | None:
    first, second = effects[0], effects[1]
    says = f"{first.id} was accepted {len(effects)} times."
    target = index.targets.get(duty.reaction.target)
    if target is None or target.ambiguity != "resend":
        return Anomaly(Name.DUPLICATE_EFFECT, says, (first, second))
    finished = finished_at(duty)
    ended = time_of(finished)
    is_late = ended is not None and second.at is not None and second.at > ended + index.slack
    if finished is not None and is_late and not _is_announced(duty, effects):
        return Anomaly(Name.DUPLICATE_EFFECT, f"{says} It was finished before.", (first, finished, second))
    if not any((fact.record.value or {}).get("perhaps_repeated") for fact in duty.facts) and duty.facts:
        says = f"{says} Its fact does not say so."
        return Anomaly(Name.UNFLAGGED_AMBIGUITY, says, (first, second, duty.facts[0].record))
    return None


def _is_announced(duty: Duty, effects: list[Effect]) -> bool:
    """Tell whether every fact says that it may be twice, and each attempt was accepted once: one was long on its way.

    Whoever does again what was finished has stated it without that before.
    """
    told = [bool((fact.record.value or {}).get("perhaps_repeated")) for fact in duty.facts]
    attempts = max((row.attempts or 0 for row in duty.rows), default=0)
    return bool(told) and all(told) and len(effects) <= attempts


def _two_objects(index: Index) -> Iterator[Anomaly]:
    """Find cases that have two objects at the same time."""
    objects = {name for name, one in index.targets.items() if one.style == "object"}
    present: dict[tuple[str, str], dict[str, Effect]] = {}
    for effect in index.history.effects:
        if effect.target not in objects or effect.correlation is None:
            continue
        of_case = present.setdefault((effect.target, effect.correlation), {})
        if effect.after is None:
            of_case.pop(effect.id, None)
            continue
        other = next((one for uid, one in of_case.items() if uid != effect.id), None)
        of_case[effect.id] = effect
        if other is not None:
            says = f"{effect.target} has {other.id} and {effect.id} for one case."
            yield Anomaly(Name.DUPLICATE_EFFECT, says, (other, effect))
