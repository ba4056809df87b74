"""What a group has said about its reactions, folded: the newest word about each, and what was decided.

A line may be repeated late, by a relay that was replaced: it has the time at which it was written down, so the newest
line is the one that was written down last, wherever it stands. What other groups say is none of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from choreography.records import (
    HoldReason,
    KitRecord,
    LedgerBegan,
    ReactionDecided,
    ReactionDropped,
    ReactionHeld,
    ReactionReleased,
    ReactionSkipped,
)
from choreography.wire.record import TopicPartition

Word = ReactionDropped | ReactionHeld | ReactionReleased | ReactionSkipped
GOES_ON_BY_ITSELF: Final = frozenset({HoldReason.LATER, HoldReason.QUEUED})
NOWHERE: Final = TopicPartition("", -1)


@dataclass(frozen=True, slots=True)
class Known:
    """An event, or a record that cannot be read, to which the group has a reaction, and where it stands.

    Attributes:
        event_type: the CloudEvents type; empty for a record that cannot be read.
        offset: -1 when nobody knows any more where it stood.
    """

    at: TopicPartition
    offset: int
    record_key: str
    correlation: UUID
    order: int
    event_id: UUID
    event_type: str


@dataclass(slots=True)
class Said:
    """What was said about one reaction.

    Attributes:
        known: what it answers, as the lines describe it.
        decided: kind and JSON text of what was written down before it was carried out.
        word: the newest line that is no decision.
        since: when that, or the decision, was written down.
        hold: the newest line that says it was held.
        holds: the ids of all such lines.
    """

    known: Known
    since: datetime
    decided: tuple[str, str] | None = None
    word: Word | None = None
    hold: ReactionHeld | None = None
    holds: set[UUID] = field(default_factory=set)

    @property
    def is_released(self) -> bool:
        """Whether a person let it go on; what is retried later, or queues, goes on by itself."""
        is_by_person = self.hold is not None and self.hold.reason not in GOES_ON_BY_ITSELF
        return isinstance(self.word, ReactionReleased) and is_by_person


@dataclass(frozen=True)
class Beginning:
    """Where a ledger began, as stated."""

    ledger_id: UUID
    positions: Mapping[TopicPartition, int]


class Statements:
    """Folds what a group has said, in any order.

    Args:
        group: whose lines count.
    """

    def __init__(self, group: str) -> None:
        self.said: dict[UUID, Said] = {}
        self._group = group
        self._ledgers: dict[UUID, dict[TopicPartition, int]] = {}
        self._newest: tuple[datetime, UUID] | None = None

    def on_line(self, line: KitRecord) -> None:
        """Take note of one line."""
        if line.group != self._group:
            return
        if isinstance(line, LedgerBegan):
            self._on_ledger(line)
        elif isinstance(line, ReactionDecided):
            said = self._of(line)
            if said.decided is None:
                said.decided = line.kind, line.decision
        elif isinstance(line, Word):
            self._on_word(line)

    def beginning(self, ledger_id: UUID | None) -> Beginning | None:
        """Return where a ledger began; the newest one when nothing was stated about this one."""
        if ledger_id is None or ledger_id not in self._ledgers:
            ledger_id = self._newest[1] if self._newest else None
        return None if ledger_id is None else Beginning(ledger_id, self._ledgers[ledger_id])

    def _on_ledger(self, line: LedgerBegan) -> None:
        begins = self._ledgers.setdefault(line.ledger_id, {})
        for one in line.positions:
            begins.setdefault(TopicPartition(one.topic, one.partition), one.offset)
        newest = line.recorded_at, line.ledger_id
        self._newest = newest if self._newest is None else max(self._newest, newest)

    def _on_word(self, line: Word) -> None:
        said = self._of(line)
        if isinstance(line, ReactionHeld):
            said.holds.add(line.event_id)
            if said.hold is None or line.recorded_at >= said.hold.recorded_at:
                said.hold = line
        if said.word is None or line.recorded_at >= said.since:
            said.word, said.since = line, line.recorded_at

    def _of(self, line: Word | ReactionDecided) -> Said:
        said = self.said.get(line.effect_key)
        if said is None:
            said = self.said[line.effect_key] = Said(_known(line), line.recorded_at)
        return said


def _known(line: Word | ReactionDecided) -> Known:
    place = line.position
    return Known(
        at=NOWHERE if place is None else TopicPartition(place.topic, place.partition),
        offset=-1 if place is None else place.offset,
        record_key=line.record_key,
        correlation=line.correlation_id,
        order=line.sequence,
        event_id=line.caused_by or line.effect_key,
        event_type=line.event_type or "",
    )
