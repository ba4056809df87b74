"""Being told to stop while still waiting to begin."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from choreography.errors import Stopped

T = TypeVar("T")


async def unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event | None) -> T:
    """Do the work, unless `stop` is set before it is done.

    Raises:
        Stopped: it was; the work was cancelled.
    """
    if stop is None:
        return await work
    doing, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise Stopped
        return doing.result()
    finally:
        told.cancel()
        doing.cancel()
