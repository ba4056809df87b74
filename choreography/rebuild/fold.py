"""A ledger rebuilt from the log: a fold over what a group was told, and what it said.

The log is the truth. A fact of the service answers an event, so its row is DONE. What did not simply happen was said on
the topic of reactions (see `choreography.rebuild.statements_read`): skipped, held, decided. That leaves events about
which nothing was said, although the group has passed them: the ledger knew what became of them, and was lost before its
outbox was empty. Nobody can know whether their effects have happened, so they are done again as *begun*, since ids at
the targets are derived from the event and find what is there already. Where an effect cannot be made safe to repeat, a
person decides: the event is held.

Passed is more than the committed offset says. Offsets are committed about once a second, and beyond them lanes run
beside each other, so everything up to the last event that was answered has been handed out, and behind it as many as
one member keeps at hand (`MARGIN`). What lies further on is delivered as new.

A row that a later event of the same case has undone is closed, as the ledger had done it: the undoing event's own row
is DONE or SKIPPED. If the undoing event is not finished either, what is held is marked as resolved by it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from choreography.consume.lanes import HIGH_WATER
from choreography.declare.event import Event
from choreography.declare.ids import effect_key, fact_id
from choreography.declare.service import Service
from choreography.ledger.entry import poison_entry
from choreography.ledger.table import Order, State
from choreography.rebuild.row import Leftover, Tally, Values, done_row, held_again, held_for_a_person, told
from choreography.rebuild.statements_read import NOWHERE, Known, Said, Statements
from choreography.rebuild.undone import Case, Undoings, case_of
from choreography.records import ReactionDropped, ReactionHeld, ReactionReleased, ReactionSkipped, SkipCause
from choreography.wire.record import Record, TopicPartition

MARGIN: Final = HIGH_WATER + 500  # what a member has at hand at most, and one batch


@dataclass
class Rebuild:
    """The fold: when all lines are retold, first all events, then all facts, and at last what is left over.

    Attributes:
        service: the declaration.
        retold: what the group has said.
        committed: the group's committed offsets.
        now: when this is done, ISO 8601, UTC.
        repeats: whether an effect that cannot be made safe to repeat may be done again all the same, because the
            service finds out itself whether it was done.
        margin: how many events behind the last one that was answered may have been handed out.
    """

    service: Service[Any]
    retold: Statements
    committed: Mapping[TopicPartition, int]
    now: str
    repeats: bool
    margin: int
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._reactions = {one.event.ce_type(): one for one in self.service.reactions}
        self._undoings = Undoings(self.service)
        self._events: dict[UUID, Known] = {}
        self._done: set[UUID] = set()
        self._answered: dict[TopicPartition, int] = {}

    def on_event(self, record: Record, event: Event) -> None:
        """Take note of an event; a repeated one stands where it stood first."""
        at, offset = record.at, record.offset
        known = Known(at, offset, event.key, event.correlation, event.order, event.event_id, event.ce_type())
        self._events.setdefault(event.event_id, known)

    def on_poison(self, record: Record) -> None:
        """Take note of a record that can never be read."""
        own = poison_entry(self.service.group, record, claim=0)
        known = Known(record.at, record.offset, own.record_key, own.correlation, own.order, own.event_id, "")
        self._events.setdefault(own.event_id, known)

    def on_fact(self, fact: Event, causation: UUID | None) -> dict[str, Any] | None:
        """Take note of a fact; return the row that it makes, if it is one of this group and the first of its effect."""
        effect = None if causation is None else effect_key(causation, self.service.group)
        if causation is None or effect is None or fact.event_id != fact_id(effect, type(fact)):
            self.tally.foreign += 1
            return None
        if causation in self._done:
            self.tally.repeated += 1
            return None
        self.tally.facts += 1
        self._done.add(causation)
        known = self._events.get(causation)
        if known is None:
            self.tally.eventless += 1
            known = Known(NOWHERE, -1, fact.key, fact.correlation, fact.order, causation, "")
            self._undoings.on_fact(known, type(fact))
        self._finished(known)
        return done_row(effect, known, fact, self.retold.said.get(effect))

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what is left over, by place."""
        told_of = {key: said for key, said in self.retold.said.items() if said.known.event_id not in self._done}
        for said in told_of.values():
            self._take_note(self._events.get(said.known.event_id, said.known), said)
        found = [self._told(effect, said) for effect, said in told_of.items()]
        found += [self._again(effect, known, {}) for effect, known in self._passed_in_silence()]
        cases = self._cases({case_of(one.known) for one in found})
        for one in sorted(found, key=lambda one: (one.known.at, one.known.offset)):
            yield self._undone_or(one, cases[case_of(one.known)])

    def is_gone(self, known: Known) -> bool:
        """Whether a record that could be read has left its topic."""
        return bool(known.event_type) and known.event_id not in self._events

    def _take_note(self, known: Known, said: Said) -> None:
        word = said.word
        if isinstance(word, ReactionSkipped) and word.cause is SkipCause.NOTHING_TO_DO:
            self._finished(known)
        else:
            self._answered[known.at] = max(self._answered.get(known.at, -1), known.offset)

    def _finished(self, known: Known) -> None:
        self._answered[known.at] = max(self._answered.get(known.at, -1), known.offset)
        self._undoings.on_finished(known)

    def _passed_in_silence(self) -> Iterator[tuple[UUID, Known]]:
        """Yield the events that were handed out, and about which nothing was said."""
        heard = self._done | {said.known.event_id for said in self.retold.said.values()}
        silent: dict[TopicPartition, list[tuple[int, Known]]] = defaultdict(list)
        for known in self._events.values():
            concerns_us = known.event_type in self._reactions or not known.event_type
            if concerns_us and known.event_id not in heard:
                silent[known.at].append((known.offset, known))
        for at, places in silent.items():
            passed = max(self.committed.get(at, 0), self._answered.get(at, -1) + 1)
            behind = 0
            for offset, known in sorted(places, key=itemgetter(0)):
                behind += offset >= passed
                if behind > self.margin:
                    break
                is_event = bool(known.event_type)  # what cannot be read has only one id
                yield effect_key(known.event_id, self.service.group) if is_event else known.event_id, known

    def _told(self, effect: UUID, said: Said) -> Leftover:
        known = self._events.get(said.known.event_id, said.known)
        match said.word:
            case ReactionSkipped() | ReactionDropped():
                return Leftover(effect, known, told(said) | {"state": State.SKIPPED})
            case ReactionHeld() as line:
                return Leftover(effect, known, held_again(said, line), keeps_record=True)
            case ReactionReleased() | None:
                return self._again(effect, known, told(said) | {"released": said.is_released})

    def _again(self, effect: UUID, known: Known, values: Values) -> Leftover:
        """Have something done again of which nobody knows whether it was done."""
        reaction = self._reactions.get(known.event_type)
        begun = bool(known.event_type)
        row = {"created_at": self.now, "updated_at": self.now, **values, "begun": begun, "attempts": int(begun)}
        if known.event_type and reaction is None:  # the service has given this reaction up meanwhile
            return Leftover(effect, known, row | {"state": State.SKIPPED})
        if reaction is not None and not reaction.repeatable and not self.repeats:
            return Leftover(effect, known, held_for_a_person(row), keeps_record=True, is_new=True)
        return Leftover(effect, known, row | {"state": State.INTENT}, keeps_record=True)

    def _undone_or(self, one: Leftover, case: list[Known]) -> Leftover:
        """Close what was undone; mark what is held and will be."""
        closed_by = self._undoings.closed_by(one.known)
        if closed_by is not None:
            values = {**one.values, "state": State.SKIPPED, "undone_by": str(closed_by)}
            return replace(one, values=values, keeps_record=False, is_new=False)
        later = self._undoings.resolved_by(one.known, case) if one.values["state"] == State.HELD else None
        if later is None:
            return one
        mark = {"ordered": Order.RESOLVE, "resolved_by": str(later.event_id), "resolved_by_type": later.event_type}
        return replace(one, values={**one.values, **mark})

    def _cases(self, wanted: set[Case]) -> dict[Case, list[Known]]:
        found: dict[Case, list[Known]] = defaultdict(list)
        for known in self._events.values():
            if case_of(known) in wanted:
                found[case_of(known)].append(known)
        return found
