"""An event loop in simulated time, of which somebody else runs one handle at a time.

A process that is never stepped again has died as by kill -9: no `finally`, no callback, nothing. Everything that the
loop keeps in sets hashes by a number of its own, so that the same seed gives the same history in another process.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, Final

NEVER: Final = float("inf")


class SimFuture(asyncio.Future[Any]):
    """A future whose place in a set does not depend on the memory."""

    def __init__(self, *, loop: "SimLoop") -> None:
        super().__init__(loop=loop)
        self.number = next(loop.numbers)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class SimTask(asyncio.Task[Any]):
    """A task whose place in a set does not depend on the memory."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], *, loop: "SimLoop", **named: Any) -> None:
        self.number = next(loop.numbers)
        super().__init__(coroutine, loop=loop, **named)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class SimLoop(asyncio.BaseEventLoop):
    """Runs handles in the order in which they became ready, one per `step`.

    Args:
        now: tells the simulated time, seconds.
        numbers: of tasks and futures; the world's own, so that every history counts from the beginning.
    """

    _ready: Any
    _scheduled: list[Any]

    def __init__(self, now: Callable[[], float], numbers: Iterator[int]) -> None:
        super().__init__()
        self.numbers = numbers
        self.time = now  # type: ignore[method-assign]
        self.complaints: list[str] = []
        self.dial: Callable[[Callable[[], Any]], Coroutine[Any, Any, tuple[Any, Any]]] | None = None
        self._made: list[SimTask] = []
        self.set_task_factory(self._make)  # type: ignore[arg-type]

    def ready_at(self) -> float:
        """Return the time at which something is to be run; `NEVER` if nothing is."""
        if self._ready:
            return 0.0
        scheduled = self._scheduled
        while scheduled:
            if not scheduled[0]._cancelled:
                return float(scheduled[0]._when)
            heapq.heappop(scheduled)._scheduled = False
        return NEVER

    def step(self) -> None:
        """Run one handle."""
        self._collect_due()
        if not self._ready:
            return
        handle = self._ready.popleft()
        if handle._cancelled:
            return
        events._set_running_loop(self)
        try:
            handle._run()
        finally:
            events._set_running_loop(None)

    def create_future(self) -> SimFuture:
        return SimFuture(loop=self)

    async def create_connection(self, protocol_factory: Callable[[], Any], *_: object, **__: object) -> tuple[Any, Any]:
        """Connect to the one server that this loop may dial."""
        if self.dial is None:
            raise NotImplementedError
        return await self.dial(protocol_factory)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> events.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what would have been logged: in a living process it is a bug."""
        error = context.get("exception")
        self.complaints.append(f"{context.get('message')} {error!r}")

    def bury(self) -> None:
        """Let go of whatever waits; what a dying coroutine does is done to fakes that do not listen any more."""
        events._set_running_loop(self)  # tasks that it makes on its way out would keep another loop alive for good
        try:
            for task in self._made:  # those that are made meanwhile, too
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own
                    with suppress(BaseException):
                        task.get_coro().close()
        finally:
            events._set_running_loop(None)
        self._made.clear()
        self._ready.clear()
        self._scheduled.clear()
        self.close()

    def _collect_due(self) -> None:
        scheduled, now = self._scheduled, self.time()
        while scheduled and (scheduled[0]._cancelled or scheduled[0]._when <= now):
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            if not handle._cancelled:
                self._ready.append(handle)

    def _make(self, _loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **named: Any) -> SimTask:
        task = SimTask(coroutine, loop=self, **named)
        self._made.append(task)
        return task

    def _timer_handle_cancelled(self, handle: Any) -> None:
        """Cancelled timers are thrown away when they are due."""

    def _write_to_self(self) -> None:
        """There is nobody to wake."""
