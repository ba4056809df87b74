"""What many lanes want to write at the same moment, written together: one job, few statements, one commit.

It costs a lane that is alone nothing: its request is written in the next turn of the loop. While one batch is on its
way, the next one gathers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from choreography.errors import DatabaseClosed

R = TypeVar("R")
A = TypeVar("A")
MOST: Final = 500
Answers = Sequence[A | Exception]
Persist = Callable[[Callable[[Connection], Answers[A]]], Awaitable[Answers[A]]]


class Batch(Generic[R, A]):
    """Gathers requests.

    Args:
        persist: runs a transaction.
        write: writes requests; returns an answer, or what went wrong, for each.
    """

    def __init__(self, persist: Persist[A], write: Callable[[Connection, Sequence[R]], Answers[A]]) -> None:
        self._persist = persist
        self._write = write
        self._waiting: list[tuple[R, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, request: R) -> A:
        """Have a request written; return its answer after the commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[A] = loop.create_future()
        self._waiting.append((request, future))
        if self._running is None:
            self._running = loop.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: Sequence[tuple[R, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._persist(lambda tx: self._write(tx, [request for request, _ in batch]))
        except DatabaseClosed as error:
            answers = [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - one bad request must not spoil the others
            if len(batch) > 1:
                for one in batch:
                    await self._answer([one])
                return
            answers = [error]
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():  # whoever asked is gone
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
