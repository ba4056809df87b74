"""An open loop: work begins at a fixed rate, whether or not what was begun before has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")


async def paced(rate: float, work: Callable[[A], Awaitable[R]], items: Sequence[A]) -> list[R]:
    """Begin `work` on `rate` items a second; return the results in the order of the items."""
    begun = monotonic()
    running = []
    for number, item in enumerate(items):
        await asyncio.sleep(max(begun + number / rate - monotonic(), 0))
        running.append(asyncio.ensure_future(work(item)))
    return list(await asyncio.gather(*running))
