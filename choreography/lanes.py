"""The order of work, as a state machine without threads, clocks or a client.

A lane is one key of one partition; it runs one record at a time, in the order of the topic, and lanes run beside each
other. A record without a key has the lane of its partition. What is finished moves the partition's position: over the
*fetched* offsets in their order, while the first of them is finished. Offsets have gaps (transaction markers,
compaction), so nothing is computed from "the last offset plus one" but the position itself, which means "read next".

Every assignment of a partition has a number. A delivery carries it, so that what ends late, after the partition went
and came back, is recognised and moves nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from choreography.record import Record, TopicPartition

HIGH_WATER: Final = 2_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record that is to be handled now, under one assignment of its partition."""

    record: Record
    assignment: int


@dataclass(slots=True)
class _Partition:
    assignment: int
    fetched: deque[int] = field(default_factory=deque)
    finished: set[int] = field(default_factory=set)
    lanes: dict[bytes | None, deque[Record]] = field(default_factory=dict)
    position: int | None = None


class Lanes:
    """Which records may run now, and how far each partition is finished.

    Args:
        high_water: unfinished records at which fetching should pause; it resumes at half of it.
    """

    def __init__(self, high_water: int = HIGH_WATER) -> None:
        self._high_water = high_water
        self._partitions: dict[TopicPartition, _Partition] = {}
        self._assignments = 0
        self._unfinished = 0
        self._full = False

    def on_assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin with partitions that were given to this member."""
        for at in partitions:
            self._forget(at)
            self._assignments += 1
            self._partitions[at] = _Partition(self._assignments)

    def on_revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that were taken away; whatever still runs in them counts no more."""
        for at in partitions:
            self._forget(at)

    def on_records(self, records: Sequence[Record]) -> list[Delivery]:
        """Queue what was fetched; return what may run now. Records of foreign partitions are dropped."""
        ready = []
        for record in records:
            partition = self._partitions.get(record.at)
            if partition is None:
                continue
            partition.fetched.append(record.offset)
            self._unfinished += 1
            lane = partition.lanes.setdefault(record.key, deque())
            lane.append(record)
            if len(lane) == 1:
                ready.append(Delivery(record, partition.assignment))
        return ready

    def on_done(self, delivery: Delivery) -> Delivery | None:
        """Finish a record; return the next one of its lane."""
        partition = self._current(delivery)
        if partition is None:
            return None
        record = delivery.record
        lane = partition.lanes[record.key]
        lane.popleft()
        partition.finished.add(record.offset)
        self._unfinished -= 1
        while partition.fetched and partition.fetched[0] in partition.finished:
            partition.finished.discard(partition.fetched[0])
            partition.position = partition.fetched.popleft() + 1
        if lane:
            return Delivery(lane[0], delivery.assignment)
        del partition.lanes[record.key]
        return None

    def take_positions(self) -> dict[TopicPartition, int]:
        """Return the positions that moved since the last call."""
        moved = {at: one.position for at, one in self._partitions.items() if one.position is not None}
        for at in moved:
            self._partitions[at].position = None
        return moved

    def behind(self, delivery: Delivery) -> Iterator[Record]:
        """Iterate over what was fetched of the same lane after this record."""
        partition = self._current(delivery)
        lane = partition.lanes.get(delivery.record.key, ()) if partition else ()
        return (record for record in lane if record.offset > delivery.record.offset)

    def owns(self, delivery: Delivery) -> bool:
        """Whether the partition is still held under the assignment of this delivery."""
        return self._current(delivery) is not None

    def assigned(self) -> tuple[TopicPartition, ...]:
        """Return the partitions held now."""
        return tuple(self._partitions)

    def should_pause(self) -> bool:
        """Whether fetching should pause: from the high-water mark on, until half of it is reached."""
        if self._unfinished >= self._high_water:
            self._full = True
        elif self._unfinished <= self._high_water // 2:
            self._full = False
        return self._full

    def _current(self, delivery: Delivery) -> _Partition | None:
        partition = self._partitions.get(delivery.record.at)
        return partition if partition is not None and partition.assignment == delivery.assignment else None

    def _forget(self, at: TopicPartition) -> None:
        partition = self._partitions.pop(at, None)
        if partition is not None:
            self._unfinished -= sum(len(lane) for lane in partition.lanes.values())
