"""The targets of a service: how many attempts may run on each at once, and whether it counts as down."""

import asyncio
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Any, Generic

from choreography.clock import Clock
from choreography.consume.breaker import Breaker
from choreography.consume.lane import Lane
from choreography.declare.reaction import P, Reaction
from choreography.declare.service import Service
from choreography.health import Health
from choreography.retries import Backoff


class Slot:
    """The place of an attempt: entered when it may run, which is when its targets count as up and there is room.

    Entering raises `ClaimLost` if the partition is to be given up meanwhile.
    """

    __slots__ = ("_all", "_breakers", "_lane", "_limit")

    def __init__(
        self, breakers: Sequence[Breaker], limit: asyncio.Semaphore, in_all: asyncio.Semaphore, lane: Lane
    ) -> None:
        self._breakers = breakers
        self._limit = limit
        self._all = in_all
        self._lane = lane

    async def __aenter__(self) -> None:
        for breaker in self._breakers:
            if breaker.is_open:
                await breaker.admitted(self._lane)
        await self._limit.acquire()
        try:
            await self._all.acquire()
        except BaseException:
            self._limit.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._all.release()
        self._limit.release()


class Targets(Generic[P]):
    """The ports that the reactions of a service name.

    Args:
        service: the declaration.
        ports: where the ports are; one that has an async `probe()` is probed.
        most_in_all: how many attempts may run at once.
        most_per_target: how many of them on one target.
        clock: waits between probes.
        backoff: how long.
        health: names the target that is down.
    """

    def __init__(
        self,
        service: Service[P],
        ports: P,
        *,
        most_in_all: int,
        most_per_target: int,
        clock: Clock,
        backoff: Backoff,
        health: Health,
    ) -> None:
        names = {name for reaction in service.reactions for name in (reaction.target, *reaction.reads)}
        self._breakers = {
            name: Breaker(name, _probe_of(ports, name), clock=clock, backoff=backoff, health=health) for name in names
        }
        self._limits = {name: asyncio.Semaphore(most_per_target) for name in names}
        self._all = asyncio.Semaphore(most_in_all)

    def slot(self, reaction: Reaction[P], lane: Lane) -> Slot:
        """Return the place of an attempt, to be entered."""
        names = (reaction.target, *reaction.reads)
        breakers = tuple(self._breakers[name] for name in names)
        return Slot(breakers, self._limits[reaction.target], self._all, lane)

    async def failed(self, reaction: Reaction[P], port: str | None, who: Hashable) -> bool:
        """Take note that a lane could not reach a port; return whether that counts as down now."""
        breaker = self._breakers.get(port or reaction.target) or self._breakers[reaction.target]
        await breaker.failed(who)
        return breaker.is_open

    def succeeded(self, reaction: Reaction[P]) -> None:
        """Take note that an attempt reached its target."""
        for name in (reaction.target, *reaction.reads):
            self._breakers[name].succeeded()


def _probe_of(ports: Any, name: str) -> Any:  # noqa: ANN401 - what a port is, only its service knows
    return getattr(getattr(ports, name, None), "probe", None)
