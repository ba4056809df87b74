"""A simulated process: an event loop and some threads.

The threads are greenlets: they run the real blocking code and give way wherever it waits (`Thread.wait`,
`Thread.turn`). A killed process is not stepped any more, so nothing of it is cleaned up; a paused one for a while.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import greenlet

from tests.simulation.clock import SimClock
from tests.simulation.loop import NEVER, SimLoop, SimTask
from tests.simulation.world import World


class Killed(BaseException):
    """The process is dead; whatever code of it is still unwound may touch nothing."""


class Process:
    """An operating system's process; one that is spared is hit by no fault."""

    def __init__(self, world: World, name: str, *, is_spared: bool = False) -> None:
        self.world = world
        self.name = name
        self.is_spared = is_spared
        self.alive = True
        self.paused_until = 0.0
        self.loop = SimLoop(world.time, world.numbers)
        self.clock = SimClock(world, self.loop)
        self.threads: list[Thread] = []
        self.died: list[Callable[[], None]] = []
        self.silenced: list[Callable[[], None]] = []
        world.processes.append(self)
        world.living.append(self)

    def begin(self, main: Coroutine[Any, Any, Any]) -> SimTask:
        """Run something on the loop."""
        return self.loop.create_task(main)  # type: ignore[return-value]  # by its factory

    def thread(self, name: str, run: Callable[["Thread"], None]) -> "Thread":
        """Start a thread."""
        one = Thread(self, name, run)
        self.threads.append(one)
        return one

    def ready_at(self) -> float:
        """Return from when on something of this process can run."""
        if not self.alive:
            return NEVER
        nearest = self.loop.ready_at()
        for thread in self.threads:
            if thread.wakes_at < nearest:  # noqa: PLR1730 - min() takes longer, a thousand times per history
                nearest = thread.wakes_at
        return nearest if nearest > self.paused_until else self.paused_until  # noqa: FURB136 - as is max()

    def step(self) -> None:
        """Let the loop or one of the threads make one step."""
        now, loop = self.world.now, self.loop
        ready = [one for one in self.threads if one.wakes_at <= now]
        if loop.ready_at() > now:
            if ready:
                ready[int(self.world.chance.random() * len(ready))].step()
        elif not ready:
            loop.step()
        else:
            choice = int(self.world.chance.random() * (len(ready) + 2))  # the loop has more to do than a thread
            if choice >= len(ready):
                loop.step()
            else:
                ready[choice].step()

    @property
    def is_paused(self) -> bool:
        """Whether it is alive and will go on later."""
        return self.alive and self.paused_until > self.world.now

    def kill(self) -> None:
        """Never step it again."""
        if self.alive:
            self.alive = False
            self.world.living.remove(self)
            self.world.say(f"{self.name} is killed")
            for call in (*self.died, *self.silenced):
                call()

    def pause(self, seconds: float) -> None:
        """Do not step it for a while."""
        if self.alive:
            self.world.say(f"{self.name} is paused for {seconds:.1f} s")
            self.paused_until = max(self.paused_until, self.world.now + seconds)
            for call in self.silenced:
                call()

    def must_live(self) -> None:
        """Stop code of a dead process that is only being unwound."""
        if not self.alive:
            raise Killed

    def bury(self) -> None:
        """Let go of everything."""
        if self.alive:
            self.world.anomalies += [f"complaint: {self.name}: {text}" for text in self.loop.complaints]
        self.alive = False
        for thread in self.threads:
            thread.bury()
        self.loop.bury()


class Thread:
    """A thread of a process; its blocking code calls `wait` where it would block."""

    def __init__(self, process: Process, name: str, run: Callable[["Thread"], None]) -> None:
        self.process = process
        self.name = name
        self.wakes_at = process.world.now
        self._woken = False
        self._greenlet = greenlet.greenlet(lambda: run(self))

    def wait(self, seconds: float = NEVER) -> None:
        """Wait until woken, at most that long. To be called on this thread."""
        if self._woken:
            seconds, self._woken = 0.0, False
        self.wakes_at = self.process.world.now + seconds
        self._give_way()
        self._woken = False

    def turn(self) -> None:
        """Let others run. To be called on this thread."""
        self.wakes_at = self.process.world.now
        self._give_way()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds. To be called on this thread."""
        while not condition():
            self.wait()

    def wake(self) -> None:
        """End the waiting."""
        self._woken = True
        self.wakes_at = min(self.wakes_at, self.process.world.now)

    def is_current(self) -> bool:
        """Whether this is the thread that runs now."""
        return self._greenlet is greenlet.getcurrent()

    def step(self) -> None:
        """Run until it waits."""
        self._greenlet.parent = greenlet.getcurrent()
        try:
            self._greenlet.switch()
        except Exception as error:
            if not self.process.alive:
                return
            raise RuntimeError(f"the thread {self.name} of {self.process.name} died") from error
        finally:
            if self._greenlet.dead:
                self.wakes_at = NEVER

    def bury(self) -> None:
        """Unwind it; its fakes do not listen any more."""
        if not self._greenlet.dead and bool(self._greenlet):
            with suppress(BaseException):
                self._greenlet.throw(greenlet.GreenletExit)

    def _give_way(self) -> None:
        parent = self._greenlet.parent
        assert parent is not None
        parent.switch()
        self.process.must_live()
