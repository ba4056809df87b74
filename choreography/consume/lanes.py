"""The order of work, as a state machine without threads, clocks or a client.

A lane is one key of one partition; it runs one record at a time, in the order of the topic, and lanes run beside each
other. A record without a key has the lane of its partition. What is finished moves the partition's position: over the
*fetched* offsets in their order, while the first of them is finished. Offsets have gaps (transaction markers,
compaction), so nothing is computed from "the last offset plus one" but the position itself, which means "read next".

A lane may have records in the ledger that wait there (see `choreography.consume.backlog`): they are older than what is
fetched, so the ledger is looked at first. While one of them blocks the lane, what is fetched joins them.

A partition hands out nothing before it is opened: first the look-ahead has to pass the end of the partition.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from choreography.consume.lane import LaneState, Look, Partition
from choreography.wire.record import Place, Record, TopicPartition

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
        self._partitions: dict[TopicPartition, Partition] = {}
        self._unfinished = 0
        self._bytes = 0
        self._fetched = 0
        self._full = False

    def on_assign(
        self, claims: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int] | None = None
    ) -> None:
        """Begin with partitions that were given to this member; they are closed.

        Args:
            claims: this member's claim on each.
            begins: where the group begins in them.
        """
        for at, claim in claims.items():
            self._forget(at)
            self._partitions[at] = Partition(at, claim, (begins or {}).get(at, 0))

    def on_revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget partitions that were taken away; whatever still runs in them counts no more."""
        for at in partitions:
            self._forget(at)

    def open(self, at: TopicPartition) -> list[LaneState]:
        """Let a partition hand out records; return the lanes that have something to run."""
        partition = self._partitions.get(at)
        if partition is None or partition.is_open:
            return []
        partition.is_open = True
        ready = [lane for lane in partition.lanes.values() if lane.queue or lane.looks]
        for lane in ready:
            lane.is_running = True
        return ready

    def on_records(self, records: Sequence[Record], finished: AbstractSet[Place] = frozenset()) -> list[LaneState]:
        """Queue what was fetched; return the lanes to start. Records of foreign partitions are dropped.

        Args:
            records: in the order of their partitions.
            finished: the places of those that are finished already.
        """
        ready = []
        for record in records:
            partition = self._partitions.get(record.at)
            if partition is None:
                continue
            partition.fetched.append(record.offset)
            self._fetched += 1
            if finished and record.place in finished:
                self._finish(partition, record.offset)
                continue
            self._unfinished += 1
            self._bytes += len(record.value or b"")
            lane = partition.lanes.get(record.key)
            if lane is None:
                lane = partition.lanes[record.key] = LaneState(partition, record.key)
            lane.queue.append(record)
            if partition.is_open and not lane.is_running:
                lane.is_running = True
                ready.append(lane)
        return ready

    def on_waiting(self, at: TopicPartition, key: bytes | None) -> list[LaneState]:
        """Take note that the ledger keeps records of a lane, of which some may run; return the lane if it is idle."""
        partition = self._partitions.get(at)
        if partition is None:
            return []
        lane = partition.lanes.setdefault(key, LaneState(partition, key))
        lane.waits = lane.looks = True
        if not partition.is_open or lane.is_running:
            return []
        lane.is_running = True
        return [lane]

    def turn(self, lane: LaneState) -> Record | Look | None:
        """Say what a lane does next; after nothing it is idle."""
        if not lane.partition.is_owned:
            return None
        if lane.looks:
            lane.looks = False
            return Look.LEDGER
        if lane.queue:
            return lane.queue[0]
        lane.is_running = False
        if not lane.waits:
            del lane.partition.lanes[lane.key]
        return None

    def on_done(self, lane: LaneState) -> None:
        """Finish the first record of a lane's queue."""
        partition = lane.partition
        if not partition.is_owned:
            return
        record = lane.queue.popleft()
        self._unfinished -= 1
        self._bytes -= len(record.value or b"")
        self._finish(partition, record.offset)

    def take_positions(self) -> dict[TopicPartition, int]:
        """Return the positions that moved since the last call."""
        moved = {at: one.position for at, one in self._partitions.items() if one.position is not None}
        for at in moved:
            self._partitions[at].position = None
        return moved

    def partition(self, at: TopicPartition) -> Partition | None:
        """Return a partition that is held now."""
        return self._partitions.get(at)

    def assigned(self) -> tuple[TopicPartition, ...]:
        """Return the partitions held now."""
        return tuple(self._partitions)

    def should_pause(self, coming: int = 0) -> bool:
        """Whether fetching should pause: from the high-water mark on, until half of it is reached.

        Args:
            coming: records that are on their way here.
        """
        loads = (self._unfinished + coming, self._bytes, self._fetched)
        load = max(now / most for now, most in zip(loads, self._most, strict=True))
        self._full = load >= 1 or (self._full and load > 1 / 2)
        return self._full

    def _finish(self, partition: Partition, offset: int) -> None:
        fetched, finished = partition.fetched, partition.finished
        if fetched[0] != offset:
            finished.add(offset)
            return
        partition.position = fetched.popleft() + 1
        self._fetched -= 1
        while finished and fetched[0] in finished:
            finished.discard(fetched[0])
            partition.position = fetched.popleft() + 1
            self._fetched -= 1

    def _forget(self, at: TopicPartition) -> None:
        partition = self._partitions.pop(at, None)
        if partition is None:
            return
        partition.is_owned = False
        self._fetched -= len(partition.fetched)
        for lane in partition.lanes.values():
            self._unfinished -= len(lane.queue)
            self._bytes -= sum(len(record.value or b"") for record in lane.queue)
