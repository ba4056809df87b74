"""Locks that a process's death releases and a mere pause does not, as `choreography.database.locks` promises.

What is asked of them happens on a thread of their own, also when whoever asked has been cancelled meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.process import Process


@dataclass(eq=False)
class SimLock:
    """A lock that a process holds."""

    name: str
    process: Process
    obtained: float
    held: "dict[str, SimLock]"

    async def release(self) -> None:
        await _elsewhere(self.process, self.give_back)

    def give_back(self) -> None:
        """Give it back; nothing happens if it is not held any more."""
        if self.held.get(self.name) is self:
            del self.held[self.name]


@dataclass
class SimLocks:
    """The locks of one database; all processes of a service share `held`."""

    process: Process
    held: dict[str, SimLock] = field(default_factory=dict)

    async def try_acquire(self, name: str) -> SimLock | None:
        found: SimLock | None = await _elsewhere(self.process, lambda: self._acquire(name), self._give_back_unheard)
        return found

    def _give_back_unheard(self, lock: SimLock | None) -> None:
        if lock is not None:
            lock.give_back()

    def _acquire(self, name: str) -> SimLock | None:
        found = self.held.get(name)
        if found is None or not found.process.alive:
            found = self.held[name] = SimLock(name, self.process, self.process.world.now, self.held)
        return found if found.process is self.process else None


async def _elsewhere(
    process: Process, work: Callable[[], Any], unheard: Callable[[Any], None] = lambda _result: None
) -> Any:
    """Do something on another thread of the process, and wait for it; `unheard` is told what nobody waits for."""
    answer = process.loop.create_future()

    def do() -> None:
        result = work()
        if not answer.done():
            answer.set_result(result)
        else:
            unheard(result)

    process.loop.call_soon(process.loop.call_soon, do)
    return await answer
