"""The place of a record: what its partition and its lane are at this moment."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from choreography.clock import Clock
from choreography.errors import ClaimLost
from choreography.record import Record


class After(Enum):
    """What the end of a record means for its lane."""

    GO_ON = auto()
    HELD = auto()  # it waits in the ledger, and what follows goes on
    BLOCKED = auto()  # it waits in the ledger, and what follows joins it there
    LOOK = auto()  # something in the ledger has to run now


class Lane(Protocol):
    """The place of a record: what its partition and its lane are now."""

    @property
    def claim(self) -> int:
        """The number of this member's claim on the partition."""
        ...

    @property
    def begin(self) -> int:
        """Where the group begins in this partition; what stands before it and has no row is not for it."""
        ...

    @property
    def waits(self) -> bool:
        """Whether older records of the lane wait in the ledger."""
        ...

    @property
    def is_blocked(self) -> bool:
        """Whether one of them blocks the lane."""
        ...

    def behind(self, offset: int) -> Iterable[Record]:
        """Return what is known of the same lane after an offset, as of now."""
        ...

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        ...

    async def until(self, event: asyncio.Event) -> None:
        """Wait for an event; raise `ClaimLost` if the partition is to be given up meanwhile."""
        ...


@dataclass(frozen=True, kw_only=True)
class PartitionLane:
    """The place of one record.

    Attributes:
        draining: set when the partition is to be given up.
    """

    claim: int
    begin: int
    waits: bool
    is_blocked: bool
    behind: Callable[[int], Iterable[Record]]
    draining: asyncio.Event
    clock: Clock

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await self._unless_draining(self.clock.sleep(seconds))

    async def until(self, event: asyncio.Event) -> None:
        """Wait for an event; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await self._unless_draining(event.wait())

    async def _unless_draining(self, waiting: Coroutine[Any, Any, object]) -> None:
        waits = asyncio.ensure_future(waiting)
        told = asyncio.ensure_future(self.draining.wait())
        try:
            await asyncio.wait((waits, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            told.cancel()
        if self.draining.is_set():
            raise ClaimLost
