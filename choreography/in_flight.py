"""What runs now: one task per lane, and what is known about the partition that it runs in.

A bug of the runtime's own must stop one lane only, and not in silence: health names the partition, the record is tried
again, and everyone else goes on.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, Protocol

import structlog

from choreography.claims import take_claims
from choreography.deadletter import describe, frames_of
from choreography.errors import ClaimLost
from choreography.health import Health
from choreography.journal import Journal
from choreography.lane import Lane, PartitionLane
from choreography.lanes import Delivery, Lanes
from choreography.record import Record, TopicPartition
from choreography.retries import Backoff

log = structlog.stdlib.get_logger(__name__)

PART: Final = "lanes"


class Handling(Protocol):
    """What handles a record; `Worker` does."""

    async def handle(self, record: Record, lane: Lane) -> None:
        """Bring one record to its end."""
        ...


class InFlight:
    """Runs deliveries on the event loop.

    Args:
        worker: handles the records.
        journal: keeps the claims.
        lanes: says what runs next in a lane.
        health: is told of a lane that is stuck.
        moved: called whenever a record has ended.
        fence_seconds: how long to wait before a lost claim is taken again; longer than the session time-out.
    """

    def __init__(
        self,
        worker: Handling,
        journal: Journal,
        lanes: Lanes,
        health: Health,
        *,
        moved: Callable[[], None],
        fence_seconds: float,
    ) -> None:
        self._worker = worker
        self._journal = journal
        self._lanes = lanes
        self._health = health
        self._moved = moved
        self._fence_seconds = fence_seconds
        self._backoff = Backoff()
        self._tasks: dict[asyncio.Task[None], TopicPartition] = {}
        self._claims: dict[TopicPartition, int] = {}
        self._begins: dict[TopicPartition, int] = {}
        self._draining: dict[TopicPartition, asyncio.Event] = {}
        self._stuck: dict[tuple[TopicPartition, bytes | None], str] = {}
        self._was_stuck = False
        self._claiming = asyncio.Lock()
        self._loop = asyncio.get_running_loop()

    def assign(self, claims: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int]) -> None:
        """Take note of partitions, the claims on them, and where the group begins."""
        self._claims |= claims
        self._begins = dict(begins)
        self._draining |= {at: asyncio.Event() for at in claims}

    async def drain(self, partitions: Iterable[TopicPartition], seconds: float) -> None:
        """Start nothing more in these partitions, and wait until what runs has ended; at the deadline cancel it."""
        for at in partitions:
            if at in self._draining:  # revoked before it was assigned: something failed in between
                self._draining[at].set()
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
        for at in partitions:
            self._claims.pop(at, None)
        self._stuck = {place: detail for place, detail in self._stuck.items() if place[0] not in set(partitions)}
        self._tell_health()

    async def drained(self) -> None:
        """Wait until nothing runs."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def is_draining(self, at: TopicPartition) -> bool:
        """Whether the partition is about to be given up."""
        return self._draining[at].is_set()

    def start(self, delivery: Delivery) -> None:
        """Bring a delivery to its end, then those that wait behind it in its lane."""
        task = self._loop.create_task(self._run(delivery))
        self._tasks[task] = delivery.record.at
        task.add_done_callback(self._tasks.pop)

    async def _run(self, delivery: Delivery) -> None:
        following: Delivery | None = delivery
        while following is not None and not self._draining[following.record.at].is_set():
            if not await self._handled(following):
                return
            following = self._lanes.on_done(following)
            self._moved()

    async def _handled(self, delivery: Delivery) -> bool:
        at, failures = delivery.record.at, 0
        while self._lanes.owns(delivery) and not self._draining[at].is_set():
            lane = self._lane(delivery)
            try:
                await self._worker.handle(delivery.record, lane)
            except ClaimLost:
                with suppress(ClaimLost):
                    await self._claim_again(delivery, lane.claim)
            except Exception as error:  # noqa: BLE001 - a bug of the runtime's must stop one lane, and not in silence
                failures += 1
                await self._report(delivery, error, failures)
            else:
                self._stuck.pop((at, delivery.record.key), None)
                self._tell_health()
                return True
        return False

    async def _report(self, delivery: Delivery, error: Exception, failures: int) -> None:
        """Say loudly that a record cannot be brought to any end; it is tried again, and everyone else goes on."""
        record, kind = delivery.record, type(error).__name__
        where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        log.error("lane.stuck", error=kind, reason=describe(error), frames=frames_of(error), **where)
        place = f"{record.topic}:{record.partition}:{record.offset}"
        detail = f"{place} raises {kind} in the runtime itself; its lane waits, everyone else goes on. See the log."
        self._stuck[record.at, record.key] = detail
        self._tell_health()
        with suppress(ClaimLost):
            await self._lane(delivery).rest(self._backoff.after(failures))

    def _lane(self, delivery: Delivery) -> PartitionLane:
        at = delivery.record.at
        return PartitionLane(
            claim=self._claims[at],
            begin=self._begins.get(at, 0),
            behind=lambda: self._lanes.behind(delivery),
            draining=self._draining[at],
            clock=self._journal.clock,
        )

    async def _claim_again(self, delivery: Delivery, lost: int) -> None:
        """Take a new claim where the group still gives this member the partition.

        Not before the session time-out: a member that the broker has given up learns that within it. And once for
        all lanes of the partition: a claim that each took for itself would void those of the others.
        """
        at = delivery.record.at
        log.warning("claim.lost", topic=at.topic, partition=at.partition)
        await self._lane(delivery).rest(self._fence_seconds)
        async with self._claiming:
            if self._lanes.owns(delivery) and self._claims.get(at) == lost:
                self._claims |= await self._journal.persist(lambda tx: take_claims(tx, [at]))

    def _tell_health(self) -> None:
        if self._stuck:
            self._health.set(PART, False, next(iter(self._stuck.values())))
        elif self._was_stuck:
            self._health.set(PART, True)
        self._was_stuck = bool(self._stuck)

    def _running_in(self, partitions: Iterable[TopicPartition]) -> set[asyncio.Task[None]]:
        wanted = set(partitions)
        return {task for task, at in self._tasks.items() if at in wanted}
