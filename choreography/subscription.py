"""Between the consumer's thread and the event loop: assignments in, records in, positions out.

What the consumer tells is handed to the loop, where `Lanes` decides what may run and `Worker` runs it. When
partitions are revoked the consumer's thread waits here until what is in flight has ended or the deadline is over.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

import structlog

from choreography.beginning import begin
from choreography.claims import take_claims
from choreography.errors import ClaimLost
from choreography.health import Health
from choreography.journal import Journal
from choreography.lane import Lane, PartitionLane
from choreography.lanes import Delivery, Lanes
from choreography.offsets import Offsets
from choreography.positions import Starts, begin_positions
from choreography.record import Record, TopicPartition
from choreography.subscriber import Fetching

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
PART: Final = "consumer"


class Handling(Protocol):
    """What handles a record; `Worker` does."""

    async def handle(self, record: Record, lane: Lane) -> None:
        """Bring one record to its end."""
        ...


class Subscription:
    """One group's member: what it was given, what runs, and how far it has come.

    Args:
        worker: handles the records.
        journal: keeps claims and begin positions.
        health: is told once the member has joined its group.
        starts: where a new group begins.
        drain_seconds: how long work in flight may take to end when its partition is taken away.
    """

    def __init__(
        self, worker: Handling, journal: Journal, health: Health, *, starts: Starts, drain_seconds: float
    ) -> None:
        self._worker = worker
        self._journal = journal
        self._health = health
        self._starts = starts
        self._drain_seconds = drain_seconds
        self._lanes = Lanes()
        self._tasks: dict[asyncio.Task[None], TopicPartition] = {}
        self._claims: dict[TopicPartition, int] = {}
        self._begins: dict[TopicPartition, int] = {}
        self._draining: dict[TopicPartition, asyncio.Event] = {}
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self.consumer: Fetching | None = None
        health.set(PART, False, "Joining the consumer group.")

    # ---- on the consumer's thread

    def begins(self, missing: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Say where partitions without a committed offset begin: where the ledger says, else where `starts` says."""
        return begin(self._journal, self._starts, missing, ask)

    def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Claim what was given to this member, and tell the loop."""
        database = self._journal.database
        claims = database.run_sync(lambda tx: take_claims(tx, partitions))
        begins = database.run_sync(begin_positions)
        self._loop.call_soon_threadsafe(self._on_assign, claims, begins)

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait until what runs in these partitions has ended; return the positions to store."""
        return self._call(self._on_revoke(tuple(partitions))).result()

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions that belong to another member already."""
        self._loop.call_soon_threadsafe(self._on_lost, tuple(partitions))

    def records(self, batch: Sequence[Record]) -> None:
        """Hand a batch to the loop."""
        self._loop.call_soon_threadsafe(self._on_records, batch)

    def polled(self) -> None:
        """Take note that the thread is alive."""
        self._health.beat(PART)

    # ---- on the event loop

    async def drained(self) -> None:
        """Wait until nothing is in flight; for tests and for a process that stops."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _on_assign(self, claims: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int]) -> None:
        self._lanes.on_assign(claims)
        self._claims |= claims
        self._begins = dict(begins)
        self._draining |= {at: asyncio.Event() for at in claims}
        self._health.set(PART, True)
        log.info("partitions.assigned", added=len(claims), held=len(self._lanes.assigned()))
        if self._paused and self.consumer is not None:
            self.consumer.pause(tuple(claims))

    async def _on_revoke(self, partitions: tuple[TopicPartition, ...]) -> Mapping[TopicPartition, int]:
        for at in partitions:
            self._draining[at].set()
        running = {task for task, at in self._tasks.items() if at in partitions}
        if running:
            _, late = await asyncio.wait(running, timeout=self._drain_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        positions = self._lanes.take_positions()
        self._on_lost(partitions)
        return positions

    def _on_lost(self, partitions: tuple[TopicPartition, ...]) -> None:
        for task, at in self._tasks.items():
            if at in partitions:
                task.cancel()
        self._lanes.on_revoke(partitions)
        for at in partitions:
            self._claims.pop(at, None)
        log.info("partitions.revoked", taken=len(partitions), held=len(self._lanes.assigned()))

    def _on_records(self, batch: Sequence[Record]) -> None:
        for delivery in self._lanes.on_records(batch):
            self._start(delivery)
        self._settle()

    def _start(self, delivery: Delivery) -> None:
        task = self._loop.create_task(self._run(delivery))
        self._tasks[task] = delivery.record.at
        task.add_done_callback(self._tasks.pop)

    async def _run(self, delivery: Delivery) -> None:
        following: Delivery | None = delivery
        while following is not None and not self._draining[following.record.at].is_set():
            if not await self._handled(following):
                return
            following = self._lanes.on_done(following)
            self._settle()

    async def _handled(self, delivery: Delivery) -> bool:
        at = delivery.record.at
        while self._lanes.owns(delivery):
            try:
                await self._worker.handle(delivery.record, self._lane(delivery))
            except ClaimLost:
                if self._draining[at].is_set():
                    return False
                await self._claim_again(delivery)
            else:
                return True
        return False

    def _lane(self, delivery: Delivery) -> PartitionLane:
        at = delivery.record.at
        return PartitionLane(
            claim=self._claims[at],
            begin=self._begins.get(at, 0),
            behind=lambda: self._lanes.behind(delivery),
            draining=self._draining[at],
            clock=self._journal.clock,
        )

    async def _claim_again(self, delivery: Delivery) -> None:
        """Take a new claim where the group still gives this member the partition."""
        at = delivery.record.at
        log.warning("claim.lost", topic=at.topic, partition=at.partition)
        await self._journal.clock.sleep(1.0)
        if self._lanes.owns(delivery) and not self._draining[at].is_set():
            self._claims |= await self._journal.persist(lambda tx: take_claims(tx, [at]))

    def _settle(self) -> None:
        """Store what is finished, and pause or resume fetching; at most once per turn of the loop."""
        if self.consumer is None:
            return
        positions = self._lanes.take_positions()
        if positions:
            self.consumer.store(positions)
        if self._lanes.should_pause() != self._paused:
            self._paused = not self._paused
            (self.consumer.pause if self._paused else self.consumer.resume)(self._lanes.assigned())

    def _call(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)
