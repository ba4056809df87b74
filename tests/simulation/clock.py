"""The clock of a simulated process."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.simulation.loop import SimLoop
from tests.simulation.world import World

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SimClock:
    """The clock of one process."""

    def __init__(self, world: World, loop: SimLoop) -> None:
        self._world = world
        self._loop = loop

    def now(self) -> datetime:
        """Return the present time, UTC."""
        return START + timedelta(seconds=self._world.now)

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return self._world.now

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = self._loop.create_future()
        handle = self._loop.call_later(seconds, _resolve, future)
        try:
            await future
        finally:
            handle.cancel()


def _resolve(future: Any) -> None:
    if not future.done():
        future.set_result(None)
