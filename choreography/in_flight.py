"""What runs now: one task per lane, and what is known about the partition that it runs in.

A bug of the runtime's own must stop one lane only, and not in silence: health names the partition, the record is tried
again, and everyone else goes on.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import Protocol

import structlog

from choreography.ahead import Ahead
from choreography.backlog import Backlog, Waited
from choreography.claims import take_claims
from choreography.errors import ClaimLost
from choreography.health import Health
from choreography.journal import Journal
from choreography.lane import After, Lane, PartitionLane
from choreography.lanes import Lanes
from choreography.partition import Look, Place
from choreography.record import Record, TopicPartition
from choreography.retries import Backoff
from choreography.stuck import Stuck

log = structlog.stdlib.get_logger(__name__)


class Handling(Protocol):
    """What handles a record; `Worker` does."""

    async def handle(self, record: Record, lane: Lane, waited: Waited | None = None) -> After:
        """Bring one record to its end; return what that means for its lane."""
        ...


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
        self._claims: dict[TopicPartition, int] = {}
        self._begins: dict[TopicPartition, int] = {}
        self._draining: dict[TopicPartition, asyncio.Event] = {}
        self._stuck = Stuck(health)
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
        self._stuck.forget(partitions)

    async def drained(self) -> None:
        """Wait until nothing runs."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def is_draining(self, at: TopicPartition) -> bool:
        """Whether the partition is about to be given up."""
        return self._draining[at].is_set()

    def claim(self, at: TopicPartition) -> int | None:
        """Return the number of this member's claim on a partition."""
        return self._claims.get(at)

    def start(self, places: Iterable[Place]) -> None:
        """Run lanes until they are idle."""
        for place in places:
            task = self._loop.create_task(self._run(place))
            self._tasks[task] = place.at
            task.add_done_callback(self._tasks.pop)

    async def _run(self, place: Place) -> None:
        draining = self._draining[place.at]
        while not draining.is_set() and (turn := self._lanes.turn(place)) is not None:
            if not await self._ended(place, turn):
                return
            self._moved()

    async def _ended(self, place: Place, turn: Record | Look) -> bool:
        """Bring a turn to its end; return whether the lane goes on here."""
        failures = 0
        while self._lanes.owns(place) and not self._draining[place.at].is_set():
            claim = self._claims[place.at]
            try:
                await (self._look(place, claim) if isinstance(turn, Look) else self._handle(place, turn, claim))
            except ClaimLost:
                with suppress(ClaimLost):
                    await self._claim_again(place, claim)
            except Exception as error:  # noqa: BLE001 - a bug of the runtime's must stop one lane, and not in silence
                failures += 1
                self._stuck.report(place, turn.offset if isinstance(turn, Record) else None, error)
                with suppress(ClaimLost):
                    await self._lane(place, claim).rest(self._backoff.after(failures))
            else:
                self._stuck.is_over(place)
                return True
        return False

    async def _handle(self, place: Place, record: Record, claim: int) -> None:
        after = await self._worker.handle(record, self._lane(place, claim))
        if after is not After.GO_ON:
            self._lanes.on_looked(
                place,
                waits=True,
                blocked=after is After.BLOCKED or self._lanes.is_blocked(place),
                again=after is After.LOOK,
            )
        self._lanes.on_done(place)

    async def _look(self, place: Place, claim: int) -> None:
        looked = await self._backlog.look(place.at, place.key, claim)
        if looked.waited is None:
            self._lanes.on_looked(place, waits=looked.waits, blocked=looked.blocked, again=False)
            return
        await self._worker.handle(looked.waited.record, self._lane(place, claim), looked.waited)
        self._lanes.on_looked(place, waits=True, blocked=False, again=True)

    def _lane(self, place: Place, claim: int) -> PartitionLane:
        return PartitionLane(
            claim=claim,
            begin=self._begins.get(place.at, 0),
            waits=self._lanes.waits(place),
            is_blocked=self._lanes.is_blocked(place),
            behind=lambda offset: chain(
                self._lanes.behind(place, offset), self._ahead.later(place.at, place.key, offset)
            ),
            draining=self._draining[place.at],
            clock=self._journal.clock,
        )

    async def _claim_again(self, place: Place, lost: int) -> None:
        """Take a new claim where the group still gives this member the partition.

        Not before the session time-out: a member that the broker has given up learns that within it. And once for
        all lanes of the partition: a claim that each took for itself would void those of the others.
        """
        log.warning("claim.lost", topic=place.at.topic, partition=place.at.partition)
        await self._lane(place, lost).rest(self._fence_seconds)
        async with self._claiming:
            if self._lanes.owns(place) and self._claims.get(place.at) == lost:
                self._claims |= await self._journal.persist(lambda tx: take_claims(tx, [place.at]))

    def _running_in(self, partitions: Iterable[TopicPartition]) -> set[asyncio.Task[None]]:
        wanted = set(partitions)
        return {task for task, at in self._tasks.items() if at in wanted}
