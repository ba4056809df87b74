"""Carries the plan out: kills, pauses past the session time-out, joins and leaves, broker restarts, targets away."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from time import monotonic
from typing import Final

from infra.local.process import ProcessSpec
from tests.chaos.diary import Diary
from tests.chaos.ground import SESSION, Ground
from tests.chaos.mischief import Mischief
from tests.chaos.plan import BROKER, FAIL_POINTS, SERVICES, Deed
from tests.chaos.supervisor import Supervisor

_SUCCESSORS: Final = 0.6  # part of the pauses
_LATER: Final = 0.01  # part of the load
_LOOK: Final = 0.1  # seconds


@dataclass(frozen=True)
class Lengths:
    """How long things take, from and to, in seconds.

    Attributes:
        longer: how much longer a pause is than the session time-out.
        visit: how long a second member stays.
        outage: how long a target is away.
    """

    longer: tuple[float, float]
    visit: tuple[float, float]
    outage: tuple[float, float]


LONG: Final = Lengths(longer=(1.0, 4.0), visit=(15.0, 40.0), outage=(4.0, 10.0))
BRIEF: Final = Lengths(longer=(1.0, 1.5), visit=(7.0, 9.0), outage=(1.5, 3.0))


class Monkey(threading.Thread):
    """Does one deed after the other, as the load goes on.

    Args:
        ground: what it is done to.
        supervisor: does it to processes.
        mischief: by target; does it to targets.
        plan: the deeds.
        progress: tells which part of the load has been answered for good, from 0 to 1.
        diary: is told.
        chance: chooses durations.
        lengths: between which it chooses.
    """

    def __init__(
        self,
        ground: Ground,
        supervisor: Supervisor,
        mischief: Mapping[str, Sequence[Mischief]],
        *,
        plan: Sequence[Deed],
        progress: Callable[[], float],
        diary: Diary,
        chance: random.Random,
        lengths: Lengths,
    ) -> None:
        super().__init__(name="monkey", daemon=True)
        self._supervisor = supervisor
        self._mischief = mischief
        self._plan = list(plan)
        self._progress = progress
        self._diary = diary
        self._chance = chance
        self._lengths = lengths
        self._specs = {spec.name: spec for spec in ground.services()}
        self._second = {name: ground.second_member(self._specs[name]) for name in SERVICES}
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._stopping = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Work until the plan is done or somebody says stop; the thread's own entry."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - told to whoever looks
            self.failure = error

    def _work(self) -> None:
        while not self._stopping.wait(_LOOK):
            self._catch_up()
            progress = self._progress()
            if self._plan and progress >= self._plan[0].at:
                self._do(self._plan.pop(0), progress)
            if not self._plan and not self._later:
                return

    def stop(self) -> None:
        """Do nothing more; whoever is paused goes on, and whoever visits leaves."""
        self._stopping.set()
        self.join()
        for _, act in self._later:
            act()

    def _catch_up(self) -> None:
        now = monotonic()
        due = [one for one in self._later if one[0] <= now]
        self._later = [one for one in self._later if one[0] > now]
        for _, act in due:
            act()

    def _do(self, deed: Deed, progress: float) -> None:
        match deed.kind:
            case "kill":
                self._supervisor.kill(self._one_of(deed.what))
            case "arm":
                self._arm(deed, progress)
            case "pause":
                self._pause(self._one_of(deed.what))
            case "join":
                self._join(deed.what)
            case "restart" if deed.detail == "SIGKILL":
                self._supervisor.kill(BROKER)
            case "restart":
                self._diary.note("restart", BROKER, "SIGTERM")
                self._supervisor.stop(BROKER, returns=True)
            case "away":
                self._away(deed.what)

    def _arm(self, deed: Deed, progress: float) -> None:
        """Kill whoever gets to the fail point and has none before it; where all have, try again a little later."""
        point = deed.detail.partition(":")[0]
        free = [one for one in map(self._one_of, FAIL_POINTS[point]) if not self._supervisor.carries(one)]
        if free:
            self._supervisor.kill(self._chance.choice(free), arming=deed.detail)
        elif progress < 1:
            self._plan.append(replace(deed, at=min(1.0, progress + _LATER)))
            self._plan.sort(key=attrgetter("at"))

    def _one_of(self, name: str) -> str:
        """Return a member of the same group that runs: the first one, or a visitor."""
        second = self._second.get(name)
        if second is not None and second.name in self._supervisor.names() and self._chance.random() < 0.5:
            return second.name
        return name

    def _pause(self, name: str) -> None:
        """Pause a process; mostly there is, or comes, another one that takes its partitions over meanwhile."""
        if name in self._second and self._chance.random() < _SUCCESSORS:
            self._join(name)
        if not self._supervisor.pause(name):
            return
        seconds = SESSION + self._chance.uniform(*self._lengths.longer)
        self._diary.note("pause", name, "SIGSTOP past the session time-out", seconds=round(seconds, 1))
        self._after(seconds, lambda: self._supervisor.resume(name))

    def _join(self, name: str) -> None:
        spec: ProcessSpec = self._second[name]
        if spec.name in self._supervisor.names():
            return
        self._diary.note("join", name, "a second member")
        self._supervisor.want(spec)
        self._after(self._chance.uniform(*self._lengths.visit), lambda: self._leave(spec.name))

    def _leave(self, name: str) -> None:
        self._diary.note("leave", name, "SIGTERM")
        self._supervisor.stop(name, returns=False)

    def _away(self, target: str) -> None:
        seconds = self._chance.uniform(*self._lengths.outage)
        self._diary.note("away", target, "away", seconds=round(seconds, 1))
        for one in self._mischief[target]:
            one.go_away(seconds)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._later.append((monotonic() + seconds, act))
