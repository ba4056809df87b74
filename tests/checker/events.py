"""Anomalies of events: lost, out of nowhere, overtaken."""

from collections import defaultdict
from collections.abc import Iterator

from tests.checker.anomaly import Anomaly, Name
from tests.checker.duty import Event, derived
from tests.checker.history import Submission
from tests.checker.index import Index


def lost_events(index: Index) -> Iterator[Anomaly]:
    """Find what was accepted, or committed to be stated, and stands on no topic at the end."""
    if not index.expectations.quiet:
        return
    yield from _accepted_and_gone(index)
    for waiting in index.history.outbox:
        says = f"Row {waiting.row} of the outbox of {waiting.owner} was never published."
        yield Anomaly(Name.LOST_EVENT, says, (waiting,))
    waiting_ids = {one.event_id for one in index.history.outbox}
    for duty in index.duties.values():
        row = duty.row
        if row is None or row.state != "DONE" or row.fact_type is None:
            continue
        fact = derived(duty.key, row.fact_type)
        if fact not in index.events and fact not in waiting_ids:
            says = f"{row.fact_type} {fact} was committed and stands neither on a topic nor in the outbox."
            yield Anomaly(Name.LOST_EVENT, says, (row,))


def ghost_events(index: Index) -> Iterator[Anomaly]:
    """Find records that nobody submitted, that answer nothing, or that say something else under a known id."""
    if index.expectations.sources:
        yield from _never_submitted(index)
    facts = {kind for one in index.expectations.reactions for kind in (*one.facts, *one.instead)}
    for event in index.events.values():
        if event.type in facts and event.causation is not None and event.causation not in index.events:
            says = f"{event.type} {event.id} answers {event.causation}, which stands on no topic."
            yield Anomaly(Name.GHOST_EVENT, says, (event.record,))
    for copies in index.copies.values():
        first = copies[0].record
        for copy in copies[1:]:
            if copy.record.topic == first.topic and copy.record.value != first.value:
                says = f"{copy.type} {copy.id} says something else than under the same id before."
                yield Anomaly(Name.GHOST_EVENT, says, (first, copy.record))


def overtaken_events(index: Index) -> Iterator[Anomaly]:
    """Find facts of a case whose first copy stands before that of an earlier fact; late repeats are harmless."""
    for source in index.expectations.sources:
        newest: dict[tuple[int, str], Event] = {}
        for event in index.by_topic.get(source.topic, ()):
            if event.type not in source.types or not event.correlation:
                continue
            lane = (event.record.partition, event.correlation)
            before = newest.get(lane)
            if before is not None and before.sequence > event.sequence:
                says = f"{event.type} ({event.sequence}) stands behind {before.type} ({before.sequence}) of its case."
                yield Anomaly(Name.OVERTAKEN_EVENT, says, (before.record, event.record))
            else:
                newest[lane] = event


def _accepted_and_gone(index: Index) -> Iterator[Anomaly]:
    found = _Submitted(index)
    for line in found.accepted:
        if not found.is_there(line):
            says = f"{line.type} of {line.key} was accepted and stands on no topic."
            yield Anomaly(Name.LOST_EVENT, says, (line,))


def _never_submitted(index: Index) -> Iterator[Anomaly]:
    found = _Submitted(index)
    for events in found.events.values():
        for event in events:
            if not found.explains(event):
                says = f"{event.type} {event.id} stands on {event.record.topic}, and nobody submitted it."
                yield Anomaly(Name.GHOST_EVENT, says, (event.record,))


class _Submitted:
    """Which records of the sources come from which submission.

    By event id where the sender knows it, else by case and number, else by counting: as many of a key and type as were
    accepted at least, and as many as were submitted at most.
    """

    def __init__(self, index: Index) -> None:
        self.accepted: list[Submission] = []
        self.events: dict[tuple[str | None, str], list[Event]] = defaultdict(list)
        self._ids: set[str] = set()
        self._numbers: set[tuple[str, int]] = set()
        self._vague: dict[tuple[str | None, str], set[str]] = defaultdict(set)
        self._event_ids = set(index.events)
        types = {(one.topic, kind) for one in index.expectations.sources for kind in one.types}
        self._event_numbers: set[tuple[str, int]] = set()
        for event in index.events.values():
            if (event.record.topic, event.type) in types:
                self.events[event.record.key, event.type].append(event)
                self._event_numbers.add((event.correlation, event.sequence))
        self._read(index)
        self._count_vague()

    def is_there(self, line: Submission) -> bool:
        """Whether the fact that an accepted submission led to stands on a topic."""
        if line.event_id is not None:
            return line.event_id in self._event_ids
        if line.correlation is not None and line.sequence is not None:
            return (line.correlation, line.sequence) in self._event_numbers
        unexplained = self._unexplained[line.key, line.type]
        self._unexplained[line.key, line.type] -= 1
        return unexplained > 0

    def explains(self, event: Event) -> bool:
        """Whether somebody submitted this event."""
        if event.id in self._ids or (event.correlation, event.sequence) in self._numbers:
            return True
        self._open[event.record.key, event.type] -= 1
        return self._open[event.record.key, event.type] >= 0

    def _read(self, index: Index) -> None:
        known: set[str] = set()
        accepted: dict[str, Submission] = {}
        for line in index.history.submissions:
            if line.step == "accepted":
                accepted.setdefault(line.id, line)
            if line.event_id is not None:
                self._ids.add(line.event_id)
                known.add(line.id)
            elif line.correlation is not None and line.sequence is not None:
                self._numbers.add((line.correlation, line.sequence))
                known.add(line.id)
        self.accepted = list(accepted.values())
        refused = {line.id for line in index.history.submissions if line.step == "refused"} - set(accepted)
        for line in index.history.submissions:
            if line.id not in known and line.id not in refused:
                self._vague[line.key, line.type].add(line.id)

    def _count_vague(self) -> None:
        """Count, per key and type, the records that no exact submission explains, and the vague submissions."""
        self._open = defaultdict(int, {lane: len(ids) for lane, ids in self._vague.items()})
        self._unexplained: dict[tuple[str | None, str], int] = defaultdict(int)
        for lane, events in self.events.items():
            exact = sum(one.id in self._ids or (one.correlation, one.sequence) in self._numbers for one in events)
            self._unexplained[lane] = len(events) - exact
