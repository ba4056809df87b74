"""A breaker: tells the failure of a target from the failure of one event.

It opens when two different lanes fail on the target, or its probe fails. While the probe succeeds, a failure is the
event's own: one broken calendar must not stop everybody. While it is open nobody attempts anything on the target; it
is probed, or, where there is no probe, one attempt is let through from time to time; the first success closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

import structlog

from choreography.clock import Clock
from choreography.consume.lane import Lane
from choreography.health import Health
from choreography.retries import Backoff

log = structlog.stdlib.get_logger(__name__)

Probe = Callable[[], Awaitable[object]]
PROBE_SECONDS: Final = 10.0


class Breaker:
    """The breaker of one target.

    Args:
        name: the port's name.
        probe: raises when the target is down; without one the attempts themselves tell.
        clock: waits between probes.
        backoff: how long.
        health: is told while it is open.
    """

    def __init__(self, name: str, probe: Probe | None, *, clock: Clock, backoff: Backoff, health: Health) -> None:
        self._name = name
        self._probe = probe
        self._clock = clock
        self._backoff = backoff
        self._health = health
        self._failing: set[Hashable] = set()
        self._trials = 0
        self._changed = asyncio.Event()
        self._recovering: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the target counts as down."""
        return self._recovering is not None

    async def admitted(self, lane: Lane) -> None:
        """Wait until an attempt may be made; raise `ClaimLost` if the partition is to be given up meanwhile."""
        while self.is_open:
            if self._trials:
                self._trials -= 1
                return
            await lane.until(self._changed)

    async def failed(self, who: Hashable) -> None:
        """Take note that a lane could not reach the target."""
        if self.is_open:
            return
        if self._probe is not None:
            if await self._answers():
                return
        else:
            self._failing.add(who)
            if len(self._failing) < 2:  # noqa: PLR2004 - two different lanes
                return
        if not self.is_open:  # nobody else opened it meanwhile
            self._open()

    def succeeded(self) -> None:
        """Take note that an attempt reached the target."""
        self._failing.clear()
        if self._recovering is not None:
            self._recovering.cancel()
            self._close()

    def _open(self) -> None:
        log.warning("breaker.opened", target=self._name)
        self._health.set(
            self._part, False, f"{self._name} is down; what needs it waits, nothing is lost, and it goes on by itself."
        )
        self._recovering = asyncio.get_running_loop().create_task(self._recover())

    def _close(self) -> None:
        self._recovering, self._trials = None, 0
        log.info("breaker.closed", target=self._name)
        self._health.set(self._part, True)
        self._tell()

    async def _recover(self) -> None:
        attempt = 0
        while True:
            attempt += 1
            await self._clock.sleep(self._backoff.after(attempt))
            if self._probe is None:
                self._trials = 1
                self._tell()
            elif await self._answers():
                self._failing.clear()
                self._close()
                return

    async def _answers(self) -> bool:
        if self._probe is None:
            return True
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._probe()
        except Exception as error:  # noqa: BLE001 - whatever it is, the target does not answer as it should
            log.info("probe.failed", target=self._name, error=type(error).__name__)
            return False
        return True

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def _part(self) -> str:
        return f"target {self._name}"
