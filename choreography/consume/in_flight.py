"""What runs now: one task per lane, and what is known about the partition that it runs in.

A bug of the runtime's own must stop one lane only, and not in silence: health names the partition, the record is tried
again, and everyone else goes on.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import structlog

from choreography.consume.backlog import Backlog
from choreography.consume.lane import After, Handling, Lane, LaneState, Look
from choreography.consume.lanes import Lanes
from choreography.errors import ClaimLost
from choreography.health import Health
from choreography.kafka.look_ahead import Ahead
from choreography.ledger.claims import take_claims
from choreography.ledger.journal import Journal
from choreography.outbox.deadletter import describe, frames_of
from choreography.retries import Backoff
from choreography.wire.record import Record, TopicPartition

log = structlog.stdlib.get_logger(__name__)

PART: Final = "lanes"


class Stuck:
    """The lanes that are stuck now.

    Args:
        health: names one of them.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._details: dict[tuple[TopicPartition, bytes | None], str] = {}

    def report(self, lane: LaneState, offset: int | None, error: Exception) -> None:
        """Say that a record, or without an offset what waits in the ledger, cannot be brought to any end."""
        at, kind = lane.partition.at, type(error).__name__
        where = {"topic": at.topic, "partition": at.partition, "offset": offset}
        log.error("lane.stuck", error=kind, reason=describe(error), frames=frames_of(error), **where)
        what = "What waits in the ledger" if offset is None else f"{at.topic}:{at.partition}:{offset}"
        detail = f"{what} raises {kind} in the runtime itself; its lane waits, everyone else goes on. See the log."
        self._details[at, lane.key] = detail
        self._tell()

    def is_over(self, lane: LaneState) -> None:
        """Take note that a lane goes on."""
        if self._details.pop((lane.partition.at, lane.key), ""):
            self._tell()

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget what is somebody else's now."""
        for place in [place for place in self._details if place[0] in set(partitions)]:
            del self._details[place]
            self._tell()

    def _tell(self) -> None:
        detail = next(iter(self._details.values()), "")
        self._health.set(PART, not detail, detail)


class InFlight:
    """Runs lanes on the event loop.

    Args:
        worker: handles the records.
        journal: keeps the claims.
        backlog: what waits in the ledger.
        lanes: says what runs next in a lane.
        ahead: what was seen further on.
        health: is told of a lane that is stuck.
        moved: called whenever a record has ended.
        fence_seconds: how long to wait before a lost claim is taken again; longer than the session time-out.
    """

    def __init__(
        self,
        worker: Handling,
        *,
        journal: Journal,
        backlog: Backlog,
        lanes: Lanes,
        ahead: Ahead,
        health: Health,
        moved: Callable[[], None],
        fence_seconds: float,
    ) -> None:
        self._worker = worker
        self._journal = journal
        self._backlog = backlog
        self._lanes = lanes
        self._ahead = ahead
        self._moved = moved
        self._fence_seconds = fence_seconds
        self._backoff = Backoff()
        self._tasks: dict[asyncio.Task[None], TopicPartition] = {}
        self._stuck = Stuck(health)
        self._claiming = asyncio.Lock()

    async def drain(self, partitions: Iterable[TopicPartition], seconds: float) -> None:
        """Start nothing more in these partitions, and wait until what runs has ended; at the deadline cancel it."""
        for at in partitions:
            partition = self._lanes.partition(at)
            if partition is not None:  # revoked before it was assigned: something failed in between
                partition.draining.set()
        running = self._running_in(partitions)
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Cancel what runs in these partitions, which are somebody else's now."""
        for task in self._running_in(partitions):
            task.cancel()
        self._stuck.forget(partitions)

    async def drained(self) -> None:
        """Wait until nothing runs."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def start(self, lanes: Iterable[LaneState]) -> None:
        """Run lanes until they are idle."""
        for lane in lanes:
            task = asyncio.create_task(self._run(lane))
            self._tasks[task] = lane.partition.at
            task.add_done_callback(self._tasks.pop)

    async def _run(self, lane: LaneState) -> None:
        here = Lane(lane, self._ahead, self._journal.clock)
        draining = lane.partition.draining
        while not draining.is_set() and (turn := self._lanes.turn(lane)) is not None:
            if not await self._ended(lane, here, turn):
                return
            self._moved()

    async def _ended(self, lane: LaneState, here: Lane, turn: Record | Look) -> bool:
        """Bring a turn to its end; return whether the lane goes on here."""
        failures = 0
        partition = lane.partition
        while partition.is_owned and not partition.draining.is_set():
            claim = partition.claim
            try:
                if isinstance(turn, Look):
                    await self._look(lane, here)
                else:
                    await self._handle(lane, here, turn)
            except ClaimLost:
                with suppress(ClaimLost):
                    await self._claim_again(lane, here, claim)
            except Exception as error:  # noqa: BLE001 - a bug of the runtime's must stop one lane, and not in silence
                failures += 1
                self._stuck.report(lane, turn.offset if isinstance(turn, Record) else None, error)
                with suppress(ClaimLost):
                    await here.rest(self._backoff.after(failures))
            else:
                self._stuck.is_over(lane)
                return True
        return False

    async def _handle(self, lane: LaneState, here: Lane, record: Record) -> None:
        after = await self._worker.handle(record, here)
        if after is not After.GO_ON:
            lane.waits = True
            lane.is_blocked = lane.is_blocked or after is After.BLOCKED
            lane.looks = lane.looks or after is After.LOOK
        self._lanes.on_done(lane)

    async def _look(self, lane: LaneState, here: Lane) -> None:
        looked = await self._backlog.look(lane.partition.at, lane.key, here.claim)
        lane.waits, lane.is_blocked = looked.waits, looked.blocked
        if looked.waited is not None:
            await self._worker.handle(looked.waited.record, here, looked.waited)
            lane.looks = True

    async def _claim_again(self, lane: LaneState, here: Lane, lost: int) -> None:
        """Take a new claim where the group still gives this member the partition.

        Not before the session time-out: a member that the broker has given up learns that within it. And once for
        all lanes of the partition: a claim that each took for itself would void those of the others.
        """
        partition = lane.partition
        log.warning("claim.lost", topic=partition.at.topic, partition=partition.at.partition)
        await here.rest(self._fence_seconds)
        async with self._claiming:
            if partition.is_owned and partition.claim == lost:
                taken = await self._journal.persist(lambda tx: take_claims(tx, [partition.at]))
                partition.claim = taken[partition.at]

    def _running_in(self, partitions: Iterable[TopicPartition]) -> set[asyncio.Task[None]]:
        wanted = set(partitions)
        return {task for task, at in self._tasks.items() if at in wanted}
