"""A member of a group, on the event loop: what it was given, what runs, and how far it has come.

`Lanes` decides what may run and `InFlight` runs it. A partition is opened once the look-ahead has passed its end, and
fetching is resumed only after it has passed it again. All here runs on the loop; `Subscription` feeds it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from choreography.consume.admission import Admission
from choreography.consume.backlog import Backlog
from choreography.consume.backlog import Lanes as Waiting
from choreography.consume.finished import Finished
from choreography.consume.in_flight import InFlight
from choreography.consume.lane import Handling
from choreography.consume.lanes import Lanes
from choreography.health import Health
from choreography.kafka.listener import Fetching
from choreography.kafka.look_ahead import Ahead, Scouting
from choreography.ledger.journal import Journal
from choreography.ledger.positions import Starts
from choreography.wire.record import Record, TopicPartition

log = structlog.stdlib.get_logger(__name__)

PART: Final = "consumer"
TICK_SECONDS: Final = 1.0
TICKS_TO_PRUNE: Final = 10


class Membership:
    """One group's member.

    Args:
        worker: handles the records.
        journal: keeps claims, begin positions and what waits.
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
        self._backlog = Backlog(journal)
        self.ahead = Ahead(self._passed)
        self._in_flight = InFlight(
            worker,
            journal=journal,
            backlog=self._backlog,
            lanes=self._lanes,
            ahead=self.ahead,
            health=health,
            moved=self._settle_soon,
            fence_seconds=fence_seconds,
        )
        self._admission = Admission(journal, self._lanes, self._in_flight.start, moved=self._settle_soon)
        self._finished = Finished(journal, self._lanes.partition, self._store)
        self._is_paused = self._is_settling = False
        self._resuming: set[TopicPartition] = set()
        self._loop = asyncio.get_running_loop()
        self.room = threading.Event()
        self.consumer: Fetching | None = None
        self.scout: Scouting | None = None
        health.set(PART, False, "Joining the consumer group.")

    def on_assign(
        self,
        claims: Mapping[TopicPartition, int],
        begins: Mapping[TopicPartition, int],
        waiting: Waiting,
        ahead: Mapping[TopicPartition, int],
    ) -> None:
        """Take partitions over; they are opened when the look-ahead has passed their end.

        Args:
            claims: this member's claim on each.
            begins: where the group begins, for all partitions.
            waiting: the lanes of which the ledger keeps records.
            ahead: where the look-ahead begins.
        """
        self._lanes.on_assign(claims, begins)
        for at, key in waiting:
            self._lanes.on_waiting(at, key)
        self._health.set(PART, True)
        log.info("partitions.assigned", added=len(claims), held=len(self._lanes.assigned()))
        if self.consumer is not None:  # a partition that comes back may still be paused, or not
            (self.consumer.pause if self._is_paused else self.consumer.resume)(tuple(claims))
        if self.scout is None:
            for at in claims:
                self._passed(at)
        else:
            self.ahead.follow(claims)
            self.scout.follow(ahead, claims)

    async def on_revoke(self, partitions: tuple[TopicPartition, ...]) -> Mapping[TopicPartition, int]:
        """Bring partitions to rest and forget them; return the positions to store."""
        await self._in_flight.drain(partitions, self._drain_seconds)
        self._finished.add(self._lanes.take_positions())
        positions = await self._finished.flushed(self._drain_seconds)
        self.on_lost(partitions)
        return positions

    def on_lost(self, partitions: tuple[TopicPartition, ...]) -> None:
        """Forget partitions."""
        self._in_flight.forget(partitions)
        self._lanes.on_revoke(partitions)
        self._finished.forget(partitions)
        self._resuming -= set(partitions)
        self.ahead.forget(partitions)
        if self.scout is not None:
            self.scout.forget(partitions)
        self._settle()
        log.info("partitions.revoked", taken=len(partitions), held=len(self._lanes.assigned()))

    def on_records(self, batch: Sequence[Record]) -> None:
        """Queue a batch, and start what may run."""
        self._admission.take(batch)
        self._settle_soon()

    def on_no_room(self) -> None:
        """Pause fetching where the lanes are still full: whoever waited for room will wait no longer."""
        if self.consumer is not None and not self._is_paused and self._lanes.should_pause(self._admission.count):
            self._is_paused = True
            self.consumer.pause(self._lanes.assigned())

    async def tick(self, number: int = 0) -> None:
        """Look for what waits in the ledger and may run now; now and then, forget what was seen and is over."""
        for at, key in await self._backlog.due():
            self._in_flight.start(self._lanes.on_waiting(at, key))
        if number % TICKS_TO_PRUNE == 0 and self.scout is not None:
            oldest = await self._journal.persist(self._backlog.oldest)
            for at, position in self._finished.positions().items():
                self.ahead.prune(at, min(position, oldest.get(at, position)))

    async def keep_ticking(self, also: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Tick about once a second, for ever; `also` is called each time."""
        number = 0
        while True:
            await self._journal.clock.sleep(TICK_SECONDS)
            number += 1
            await also()
            await self.tick(number)

    async def drained(self) -> None:
        """Wait until nothing is in flight and what is finished is stored; for tests and for a process that stops."""
        await self._admission.drained()
        await self._in_flight.drained()
        await self._finished.flushed(self._drain_seconds)

    def _passed(self, at: TopicPartition) -> None:
        """Open a partition whose end the look-ahead has passed, or resume fetching from it."""
        self._in_flight.start(self._lanes.open(at))
        if at in self._resuming:
            self._resuming.discard(at)
            if self.consumer is not None and not self._is_paused:
                self.consumer.resume((at,))

    def _settle_soon(self) -> None:
        """Settle once for all that ends in this turn of the loop."""
        if not self._is_settling:
            self._is_settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        """Have stored what is finished; where there is room, say so and resume fetching."""
        self._is_settling = False
        self._finished.add(self._lanes.take_positions())
        if self._lanes.should_pause(self._admission.count):
            return
        self.room.set()
        if self.consumer is None or not self._is_paused:
            return
        self._is_paused = False
        if self.scout is None:
            self.consumer.resume(self._lanes.assigned())
        else:
            self._resuming = set(self._lanes.assigned())
            self.scout.measure(self.ahead.ask(self._lanes.assigned()))

    def _store(self, positions: Mapping[TopicPartition, int]) -> None:
        if self.consumer is not None:
            self.consumer.store(positions)
