"""Targets: a diary, a directory, a mail server. They survive everything and log what they accept, in their order.

A request travels: it arrives even when its sender has died meanwhile, and its answer may find nobody, or never come.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from choreography import Unavailable
from tests.checker.history import Effect
from tests.simulation.faults import Faults
from tests.simulation.process import Process
from tests.simulation.world import World

T = TypeVar("T")
TIMEOUT: Final = 8.0
FROZEN: Final = 6.5  # a little longer than a session lasts


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The target will not do it."""


class Target:
    """What all targets share: a name, a log, and a network in between.

    Args:
        world: where it stands.
        faults: what goes wrong.
        name: of the place where its faults are armed, and in its log.
        travels: how many seconds a request may be on its way; without, it arrives the moment it is sent.
    """

    def __init__(self, world: World, faults: Faults, name: str, travels: float | None) -> None:
        self.world = world
        self.name = name
        self.log: list[Effect] = []
        self._faults = faults
        self._travels = travels

    async def ask(self, process: Process, work: Callable[[], T]) -> T:
        """Send a request and wait for the answer.

        Raises:
            Unavailable: the connection was refused, or no answer came.
            Refused: the target answered that it will not.
        """
        world, fault = self.world, self._faults.take(self.name)
        if fault == "freeze":
            process.pause(FROZEN + world.chance.random() * 10)
            await process.clock.sleep(0)
        if world.now < self._faults.away.get(self.name, 0.0) or fault == "refused":
            await process.clock.sleep(0.01)
            raise Unavailable(self.name, untouched=True)
        answer: Any = process.loop.create_future()
        if fault != "unheard" and self._travels is None:
            self._arrive(process, work, answer, fault)
        elif fault != "unheard":
            world.after(self._travel(), lambda: self._arrive(process, work, answer, fault))
        if fault in ("unheard", "lost"):
            world.after(TIMEOUT, lambda: _answer(process, answer, Unavailable(self.name)))
        found: T = await answer
        return found

    def _arrive(self, process: Process, work: Callable[[], T], answer: Any, fault: str | None) -> None:
        self.world.say(f"{self.name} gets a request of {process.name}{' and ' + fault if fault else ''}")
        result: object
        try:
            result = Refused(self.name) if fault == "no" else work()
        except Refused as refusal:
            result = refusal
        if fault == "crash":
            process.kill()
            self._faults.killed(process, self.world.chance.random() * 5)
        elif fault != "lost":
            late = 20.0 if fault == "slow" else 0.0
            self.world.after(late + self._travel(), lambda: _answer(process, answer, result))

    def _travel(self) -> float:
        chance = self.world.chance.random()
        if chance < 0.8:
            return 0.0
        return chance * (self._travels or 0.0) if chance > 0.97 else chance * 0.01

    def accept(self, kind: str, of: str, **said: Any) -> None:
        """Write down what was accepted."""
        self.world.say(f"{self.name} {kind} {of} {said}")
        self.log.append(Effect(self.name, self.world.steps, kind, of, **said))


def _answer(process: Process, answer: Any, result: object) -> None:
    if not process.alive or answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
