"""Between the consumer's thread and the event loop: assignments in, records in, positions out.

What the consumer tells is handed to the loop, where `Lanes` decides what may run and `Worker` runs it. When
partitions are revoked the consumer's thread waits here until what is in flight has ended or the deadline is over.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import structlog

from choreography.beginning import begin
from choreography.claims import take_claims
from choreography.health import Health
from choreography.in_flight import Handling, InFlight
from choreography.journal import Journal
from choreography.lanes import Lanes
from choreography.offsets import Offsets
from choreography.positions import Starts, begin_positions
from choreography.record import Record, TopicPartition
from choreography.subscriber import Fetching

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
PART: Final = "consumer"


class Subscription:
    """One group's member: what it was given, what runs, and how far it has come.

    Args:
        worker: handles the records.
        journal: keeps claims and begin positions.
        health: is told once the member has joined its group.
        starts: where a new group begins.
        drain_seconds: how long work in flight may take to end when its partition is taken away.
        fence_seconds: how long to wait before a lost claim is taken again; longer than the session time-out.
    """

    def __init__(
        self,
        worker: Handling,
        journal: Journal,
        health: Health,
        *,
        starts: Starts,
        drain_seconds: float,
        fence_seconds: float,
    ) -> None:
        self._journal = journal
        self._health = health
        self._starts = starts
        self._drain_seconds = drain_seconds
        self._lanes = Lanes()
        self._in_flight = InFlight(
            worker, journal, self._lanes, health, moved=self._settle, fence_seconds=fence_seconds
        )
        self._paused = False
        self._loop = asyncio.get_running_loop()
        self.consumer: Fetching | None = None
        health.set(PART, False, "Joining the consumer group.")

    # ---- on the consumer's thread

    def begins(self, missing: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Say where partitions without a committed offset begin: where the ledger says, else where `starts` says."""
        return begin(self._journal, self._starts, missing, ask)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Claim what was given to this member, and tell the loop."""
        claims = self._journal.persist_sync(lambda tx: take_claims(tx, starts))
        begins = self._journal.persist_sync(begin_positions)
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
        await self._in_flight.drained()

    def _on_assign(self, claims: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int]) -> None:
        self._lanes.on_assign(claims)
        self._in_flight.assign(claims, begins)
        self._health.set(PART, True)
        log.info("partitions.assigned", added=len(claims), held=len(self._lanes.assigned()))
        if self.consumer is not None:  # a partition that comes back may still be paused, or not
            (self.consumer.pause if self._paused else self.consumer.resume)(tuple(claims))

    async def _on_revoke(self, partitions: tuple[TopicPartition, ...]) -> Mapping[TopicPartition, int]:
        await self._in_flight.drain(partitions, self._drain_seconds)
        positions = self._lanes.take_positions()
        self._on_lost(partitions)
        return positions

    def _on_lost(self, partitions: tuple[TopicPartition, ...]) -> None:
        self._in_flight.forget(partitions)
        self._lanes.on_revoke(partitions)
        self._settle()
        log.info("partitions.revoked", taken=len(partitions), held=len(self._lanes.assigned()))

    def _on_records(self, batch: Sequence[Record]) -> None:
        for delivery in self._lanes.on_records(batch):
            self._in_flight.start(delivery)
        self._settle()

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
