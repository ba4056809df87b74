"""Whose turn it is to send a mail: one process's at a time, by a lock that its death releases and a pause does not.

A member of the group that was paused between asking for its claim and the final dot wakes up and goes on. It still
holds the lock, so whoever took its partition over waits. Whoever gets the lock knows therefore that every earlier
attempt is over: what it may still have sent is at the mail system by now, or on its way inside it. That is the moment
from which the settle time is counted (`Turn.since`), so a lock is kept while the lane waits for it to pass. Anyone who
gets the lock later finds that its claim is lost before it sends.

A lock that is kept is watched: once the partition is somebody else's, it is released for them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import structlog

from choreography import ChoreographyError, Clock, Effect, Lock, Locks, Unavailable

log = structlog.stdlib.get_logger(__name__)

WATCH_SECONDS: Final = 5.0
KEEP_SECONDS: Final = 86_400.0  # nobody came back for it: the mail was dropped, or is not wanted any more


@dataclass
class Turn:
    """The right to send one mail.

    Attributes:
        since: when this process got it, by the clock that only grows.
        kept: whether it outlives the attempt, because the next one has to go on from it.
    """

    since: float
    kept: bool = False


class Turns:
    """Gives turns; an async context manager that stops watching when it is left.

    Args:
        locks: where locks come from.
        clock: waits.
    """

    def __init__(self, locks: Locks, clock: Clock) -> None:
        self._locks = locks
        self._clock = clock
        self._watched: dict[UUID, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        watching = [*self._watched.values()]
        for one in watching:
            one.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    @asynccontextmanager
    async def of(self, effect: Effect) -> AsyncIterator[Turn]:
        """Give the turn to send the mail of this effect.

        Raises:
            Unavailable: another process has it, and whether that sends the mail is not known.
        """
        await self._stop_watching(effect.key)
        lock = await self._locks.try_acquire(f"mail-{effect.key}")
        if lock is None:
            log.info("mail.in_doubt", reason="another process is sending it, or was paused while it did")
            raise Unavailable(untouched=True)
        turn = Turn(lock.obtained)
        try:
            yield turn
        finally:
            if turn.kept:
                self._watched[effect.key] = asyncio.create_task(self._watch(lock, effect))
            else:
                await lock.release()

    async def _watch(self, lock: Lock, effect: Effect) -> None:
        """Hold the lock as long as this member may still send the mail."""
        until = self._clock.monotonic() + KEEP_SECONDS
        try:
            while self._clock.monotonic() < until:
                await self._clock.sleep(WATCH_SECONDS)
                await effect.claim()
        except ChoreographyError:  # the claim is lost, or the database closed
            pass
        releasing = asyncio.ensure_future(lock.release())
        await asyncio.wait({releasing})  # goes on when this task is cancelled
        self._watched.pop(effect.key, None)

    async def _stop_watching(self, key: UUID) -> None:
        watching = self._watched.pop(key, None)
        if watching is not None:
            watching.cancel()
            await asyncio.wait({watching})
