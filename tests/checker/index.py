"""A history, looked up: read once, asked by every anomaly."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from tests.checker.duty import Duty, Event, Lane, Place, derived, event_of
from tests.checker.expectations import Expectations, Reaction, Target
from tests.checker.history import Action, Assignment, Commit, Effect, History, Record, Row


class Index:
    """Answers what the anomalies ask of a history."""

    def __init__(self, history: History, expectations: Expectations) -> None:
        self.history = history
        self.expectations = expectations
        self.slack = expectations.slack
        self.targets: dict[str, Target] = {one.name: one for one in expectations.targets}
        self.events: dict[str, Event] = {}
        self.copies: dict[str, list[Event]] = defaultdict(list)
        self.poison: list[Record] = []
        self.by_topic: dict[str, list[Event]] = defaultdict(list)
        self.of_case: dict[str, list[Event]] = defaultdict(list)
        self.answers: dict[str, list[Event]] = defaultdict(list)
        self.records: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self._read_records()
        self.duties: dict[str, Duty] = {}
        self.duties_of_case: dict[tuple[str, str], list[Duty]] = defaultdict(list)
        self._read_duties()
        self.rows_at: dict[tuple[str, str, int, int], list[Row]] = defaultdict(list)
        self._read_ledger()
        self.unexplained: list[Effect] = []
        self._read_effects()

    # ---- what stands where

    @cached_property
    def commits(self) -> dict[Place, list[Commit]]:
        """Commits by group, topic and partition, in their order."""
        found: dict[Place, list[Commit]] = defaultdict(list)
        for one in self.history.commits:
            found[one.group, one.topic, one.partition].append(one)
        return found

    @cached_property
    def assignments(self) -> dict[Place, list[Assignment]]:
        """Assignments by group, topic and partition, in their order."""
        found: dict[Place, list[Assignment]] = defaultdict(list)
        for one in self.history.assignments:
            found[one.group, one.topic, one.partition].append(one)
        return found

    @cached_property
    def begins(self) -> dict[Place, int]:
        """Where groups began, by group, topic and partition."""
        return {(one.group, one.topic, one.partition): one.offset for one in self.expectations.begins}

    @cached_property
    def resets(self) -> dict[str, list[Action | Commit]]:
        """Resets of offsets, by group."""
        found: dict[str, list[Action | Commit]] = defaultdict(list)
        for action in self.history.actions:
            if action.kind == "reset" and action.group is not None:
                found[action.group].append(action)
        for commit in self.history.commits:
            if commit.source == "operator":
                found[commit.group].append(commit)
        return found

    @cached_property
    def ledgers_lost(self) -> frozenset[str | None]:
        """Groups whose rows were written anew at some time."""
        return frozenset(one.group for one in self.history.actions if one.kind == "ledger-lost")

    @cached_property
    def dropped(self) -> frozenset[str | None]:
        """Effects that a person gave up."""
        return frozenset(one.effect_key for one in self.history.actions if one.kind == "drop")

    @cached_property
    def lanes_held_by_design(self) -> dict[Lane, int]:
        """The lowest offset of each lane that is held by design, or is held as poison: what follows queues."""
        allowed = set(self.expectations.may_be_held)
        poison = {(one.topic, one.partition, one.offset): one.key for one in self.poison}
        found: dict[Lane, int] = {}
        for rows in self.rows_at.values():
            row = rows[-1]
            at = (row.topic, row.partition, row.offset)
            if row.state != "HELD" or not (row.event_id in allowed or at in poison):
                continue
            lane = (row.group, row.topic, row.partition, poison.get(at, row.record_key))
            found[lane] = min(row.offset, found.get(lane, row.offset))
        return found

    def places(self) -> Iterator[Place]:
        """Iterate over every partition that a group reads."""
        topics = {(one.group, one.topic) for one in self.expectations.reactions}
        for group, topic in sorted(topics):
            for at in self.records:
                if at[0] == topic:
                    yield (group, topic, at[1])

    # ---- reading, once

    def _read_records(self) -> None:
        for record in self.history.records:
            self.records[record.topic, record.partition].append(record)
            event = event_of(record)
            if event is None:
                self.poison.append(record)
                continue
            self.copies[event.id].append(event)
            if event.id in self.events:
                continue
            self.events[event.id] = event
            self.by_topic[record.topic].append(event)
            if event.correlation:
                self.of_case[event.correlation].append(event)
            if event.causation is not None:
                self.answers[event.causation].append(event)

    def _read_duties(self) -> None:
        reactions: dict[tuple[str, str], list[Reaction]] = defaultdict(list)
        for one in self.expectations.reactions:
            reactions[one.topic, one.event].append(one)
        for event in self.events.values():
            for reaction in reactions.get((event.record.topic, event.type), ()):
                duty = self._duty(reaction, event)
                self.duties[duty.key] = duty
                self.duties_of_case[event.correlation, reaction.target].append(duty)
        for of_case in self.duties_of_case.values():
            for duty in of_case:
                if duty.reaction.undoes:
                    duty.undone = [one for one in of_case if _takes_back(duty, one)]

    def _duty(self, reaction: Reaction, event: Event) -> Duty:
        record = event.record
        begin = self.begins.get((reaction.group, record.topic, record.partition), 0)
        duty = Duty(reaction, event, derived(event.id, reaction.group), record.offset < begin)
        for answer in self.answers.get(event.id, ()):
            value = answer.record.value or {}
            if answer.type in reaction.facts:
                is_proven = reaction.proof is None or value.get(reaction.proof) is not None
                (duty.facts if is_proven else duty.instead).append(answer)
            elif answer.type in reaction.instead and value.get("group", reaction.group) == reaction.group:
                duty.instead.append(answer)
        if reaction.unless:
            duty.undoing = [one for one in self.of_case[event.correlation] if _undoes(one, event, reaction)]
        return duty

    def _read_ledger(self) -> None:
        for row in self.history.ledger:
            self.rows_at[row.group, row.topic, row.partition, row.offset].append(row)
            duty = self.duties.get(row.effect_key)
            if duty is not None:
                duty.rows.append(row)

    def _read_effects(self) -> None:
        for effect in self.history.effects:
            if effect.by != "product":
                continue
            duty = self._duty_of(effect)
            if duty is not None and duty.effects is not None:
                duty.effects.append(effect)
        for duty in self._of_targets_that_cannot_tell():
            duty.effects = None

    def _duty_of(self, effect: Effect) -> Duty | None:
        if effect.effect_key is not None:
            duty = self.duties.get(effect.effect_key)
            if duty is None or duty.reaction.target != effect.target or not _may_be(effect, duty):
                self.unexplained.append(effect)
                return None
            return duty
        if effect.correlation is None:
            if effect.key is not None and effect.key not in self._keys_of_target[effect.target]:
                self.unexplained.append(effect)
            return None
        of_case = self.duties_of_case.get((effect.correlation, effect.target), ())
        possible = [one for one in of_case if _may_be(effect, one)]
        if not possible:
            self.unexplained.append(effect)
            return None
        return _latest_before(possible, effect)

    @cached_property
    def _keys_of_target(self) -> dict[str, set[str | None]]:
        found: dict[str, set[str | None]] = defaultdict(set)
        for duty in self.duties.values():
            found[duty.reaction.target].add(duty.event.record.key)
        return found

    def _of_targets_that_cannot_tell(self) -> Iterable[Duty]:
        """Find the duties of targets whose log shows neither effect keys nor cases."""
        silent = {
            one.target
            for one in self.history.effects
            if one.by == "product" and one.effect_key is None and one.correlation is None
        }
        silent |= {name for name, one in self.targets.items() if one.style == "set"} - {
            one.target for one in self.history.effects if one.effect_key is not None
        }
        return [one for one in self.duties.values() if one.reaction.target in silent]


def _may_be(effect: Effect, duty: Duty) -> bool:
    return effect.kind in (duty.reaction.kind, duty.reaction.or_kind) and effect.sequence in (
        None,
        duty.event.sequence,
    )


def _undoes(later: Event, event: Event, reaction: Reaction) -> bool:
    same_topic = later.record.topic == event.record.topic
    return same_topic and later.type in reaction.unless and later.sequence > event.sequence


def _takes_back(duty: Duty, earlier: Duty) -> bool:
    of_group = duty.reaction.group == earlier.reaction.group
    is_named = earlier.event.type in duty.reaction.undoes
    return of_group and is_named and earlier.event.sequence <= duty.event.sequence and earlier is not duty


def _latest_before(possible: list[Duty], effect: Effect) -> Duty:
    """Choose the newest event that stood on its topic when the target took the effect."""
    at = effect.at
    if at is None:
        return possible[-1]
    stood = [one for one in possible if one.event.record.at is None or one.event.record.at <= at]
    return (stood or possible)[-1]
