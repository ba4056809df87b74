"""The targets of a service: how many attempts may run on each at once, and whether it counts as down."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Any, Generic

from choreography.breaker import Breaker
from choreography.clock import Clock
from choreography.health import Health
from choreography.lane import Lane
from choreography.reaction import P, Reaction
from choreography.retries import Backoff
from choreography.service import Service


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

    @asynccontextmanager
    async def slot(self, reaction: Reaction[P], lane: Lane) -> AsyncIterator[None]:
        """Wait until an attempt may run, and hold its place.

        Raises:
            ClaimLost: the partition is to be given up meanwhile.
        """
        for name in (reaction.target, *reaction.reads):
            await self._breakers[name].admitted(lane)
        async with self._limits[reaction.target], self._all:
            yield

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
