"""The simulated world: one time, several processes, and a scheduler that picks by a seed who makes the next step."""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final
from warnings import catch_warnings

from tests.simulation.loop import NEVER

if TYPE_CHECKING:
    from tests.simulation.process import Process

BURST: Final = 6


class World:
    """Time, chance, and who lives in it."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.now = 0.0
        self.steps = 0
        self.processes: list[Process] = []
        self.living: list[Process] = []
        self.anomalies: list[str] = []
        self.trace: Callable[[str], None] | None = None
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self.numbers = count()
        self.at_step: dict[int, list[Callable[[], None]]] = {}

    def time(self) -> float:
        """Return the seconds since the world began."""
        return self.now

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        if self.trace:
            self.trace(f"{self.steps:6} {self.now:10.3f} {text}")

    @property
    def is_expecting(self) -> bool:
        """Whether something is going to happen that belongs to no process."""
        return bool(self._due)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Have something happen later that belongs to no process."""
        heapq.heappush(self._due, (self.now + seconds, next(self.numbers), call))

    def run(self, until: Callable[[], bool], *, steps: int, seconds: float) -> bool:
        """Let everybody live until a condition holds while nobody can run now; return whether that came to be."""
        last_step, end, random, due = self.steps + steps, self.now + seconds, self.chance.random, self._due
        while self.steps < last_step:
            now = self.now
            ready = [one for one in self.living if one.ready_at() <= now]
            is_due = due and due[0][0] <= now
            if ready and not (is_due and random() < 0.5):
                self._burst(ready[int(random() * len(ready))])
            elif is_due:
                heapq.heappop(due)[2]()
            elif until():
                return True
            elif not self._wait(end):
                return False
        return False

    def _burst(self, process: "Process") -> None:
        for _ in range(1 + int(self.chance.random() * BURST)):
            self.steps += 1
            process.step()
            if self.steps in self.at_step:
                for call in self.at_step.pop(self.steps):
                    call()
            if process.ready_at() > self.now:
                return

    def _wait(self, end: float) -> bool:
        nearest = min((one.ready_at() for one in self.living), default=NEVER)
        if self._due:
            nearest = min(nearest, self._due[0][0])
        if nearest > end:
            return False
        self.now = max(self.now, nearest)
        return True

    def bury(self) -> None:
        """End everything."""
        with catch_warnings(action="ignore"):  # coroutines that a dying one has made are never awaited
            for process in self.processes:
                process.bury()
