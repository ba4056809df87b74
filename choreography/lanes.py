"""The order of work, as a state machine without threads, clocks or a client.

A lane is one key of one partition; it runs one record at a time, in the order of the topic, and lanes run beside each
other. A record without a key has the lane of its partition. What is finished moves the partition's position: over the
*fetched* offsets in their order, while the first of them is finished. Offsets have gaps (transaction markers,
compaction), so nothing is computed from "the last offset plus one" but the position itself, which means "read next".

A lane may have records in the ledger that wait there (see `choreography.backlog`): they are older than what is
fetched, so the ledger is looked at first. While one of them blocks the lane, what is fetched joins them.

A partition hands out nothing before it is opened: first the look-ahead has to pass the end of the partition.

Every assignment of a partition has a number. A place carries it, so that what ends late, after the partition went and
came back, is recognised and moves nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from choreography.partition import LaneState, Look, PartitionState, Place
from choreography.record import Record, TopicPartition

HIGH_WATER: Final = 2_000
MOST_BYTES: Final = 16_000_000
MOST_BEHIND_ONE: Final = 100_000


class Lanes:
    """Which records may run now, and how far each partition is finished.

    Args:
        high_water: unfinished records at which fetching should pause; it resumes at half of it.
        most_bytes: the same for the size of their values.
        most_behind_one: the same for records whose positions wait for an older one.
    """

    def __init__(
        self, high_water: int = HIGH_WATER, most_bytes: int = MOST_BYTES, most_behind_one: int = MOST_BEHIND_ONE
    ) -> None:
        self._most = (high_water, most_bytes, most_behind_one)
        self._partitions: dict[TopicPartition, PartitionState] = {}
        self._assignments = 0
        self._unfinished = 0
        self._bytes = 0
        self._fetched = 0
        self._full = False

    def on_assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin with partitions that were given to this member; they are closed."""
        for at in partitions:
            self._forget(at)
            self._assignments += 1
            self._partitions[at] = PartitionState(self._assignments)

    def on_revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that were taken away; whatever still runs in them counts no more."""
        for at in partitions:
            self._forget(at)

    def open(self, at: TopicPartition) -> list[Place]:
        """Let a partition hand out records; return the lanes that have something to run."""
        partition = self._partitions.get(at)
        if partition is None or partition.is_open:
            return []
        partition.is_open = True
        return [self._started(at, key, partition) for key, lane in partition.lanes.items() if lane.queue or lane.looks]

    def on_records(self, records: Sequence[Record]) -> list[Place]:
        """Queue what was fetched; return the lanes to start. Records of foreign partitions are dropped."""
        ready = []
        for record in records:
            partition = self._partitions.get(record.at)
            if partition is None:
                continue
            partition.fetched.append(record.offset)
            self._count(record, 1)
            self._fetched += 1
            lane = partition.lanes.get(record.key)
            if lane is None:
                lane = partition.lanes[record.key] = LaneState()
            lane.queue.append(record)
            if partition.is_open and not lane.running:
                ready.append(self._started(record.at, record.key, partition))
        return ready

    def on_waiting(self, at: TopicPartition, key: bytes | None) -> list[Place]:
        """Take note that the ledger keeps records of a lane, of which some may run; return the lane if it is idle."""
        partition = self._partitions.get(at)
        if partition is None:
            return []
        lane = partition.lanes.setdefault(key, LaneState())
        lane.waits = lane.looks = True
        return [self._started(at, key, partition)] if partition.is_open and not lane.running else []

    def turn(self, place: Place) -> Record | Look | None:
        """Say what a lane does next; after nothing it is idle."""
        partition = self._current(place)
        if partition is None:
            return None
        lane = partition.lanes[place.key]
        if lane.looks:
            lane.looks = False
            return Look.LEDGER
        if lane.queue:
            return lane.queue[0]
        lane.running = False
        if not lane.waits:
            del partition.lanes[place.key]
        return None

    def on_looked(self, place: Place, *, waits: bool, blocked: bool, again: bool) -> None:
        """Take note of what the ledger keeps of a lane; `again` when it has to be looked at once more."""
        partition = self._current(place)
        if partition is not None:
            lane = partition.lanes[place.key]
            lane.waits, lane.blocked, lane.looks = waits, blocked, lane.looks or again

    def on_done(self, place: Place) -> None:
        """Finish the first record of a lane's queue."""
        partition = self._current(place)
        if partition is None:
            return
        record = partition.lanes[place.key].queue.popleft()
        partition.finished.add(record.offset)
        self._count(record, -1)
        while partition.fetched and partition.fetched[0] in partition.finished:
            partition.finished.discard(partition.fetched[0])
            partition.position = partition.fetched.popleft() + 1
            self._fetched -= 1

    def take_positions(self) -> dict[TopicPartition, int]:
        """Return the positions that moved since the last call."""
        moved = {at: one.position for at, one in self._partitions.items() if one.position is not None}
        for at in moved:
            self._partitions[at].position = None
        return moved

    def behind(self, place: Place, offset: int) -> Iterator[Record]:
        """Iterate over what was fetched of a lane after an offset."""
        partition = self._current(place)
        queue: Iterable[Record] = partition.lanes[place.key].queue if partition else ()
        return (record for record in queue if record.offset > offset)

    def is_blocked(self, place: Place) -> bool:
        """Whether a record in the ledger blocks the lane."""
        partition = self._current(place)
        return partition is not None and partition.lanes[place.key].blocked

    def waits(self, place: Place) -> bool:
        """Whether the ledger keeps records of the lane."""
        partition = self._current(place)
        return partition is not None and partition.lanes[place.key].waits

    def owns(self, place: Place) -> bool:
        """Whether the partition is still held under the assignment of this place."""
        return self._current(place) is not None

    def assigned(self) -> tuple[TopicPartition, ...]:
        """Return the partitions held now."""
        return tuple(self._partitions)

    def should_pause(self) -> bool:
        """Whether fetching should pause: from the high-water mark on, until half of it is reached."""
        loads = (self._unfinished, self._bytes, self._fetched)
        load = max(now / most for now, most in zip(loads, self._most, strict=True))
        self._full = load >= 1 or (self._full and load > 1 / 2)
        return self._full

    def _started(self, at: TopicPartition, key: bytes | None, partition: PartitionState) -> Place:
        partition.lanes[key].running = True
        return Place(at, key, partition.assignment)

    def _current(self, place: Place) -> PartitionState | None:
        partition = self._partitions.get(place.at)
        return partition if partition is not None and partition.assignment == place.assignment else None

    def _count(self, record: Record, one: int) -> None:
        self._unfinished += one
        self._bytes += one * (len(record.value) if record.value else 0)

    def _forget(self, at: TopicPartition) -> None:
        partition = self._partitions.pop(at, None)
        if partition is not None:
            self._fetched -= len(partition.fetched)
            for lane in partition.lanes.values():
                for record in lane.queue:
                    self._count(record, -1)
