"""The place of a record: what its partition and its lane are at this moment."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from choreography.clock import Clock
from choreography.errors import ClaimLost
from choreography.record import Record


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

    def behind(self) -> Iterable[Record]:
        """Return what was fetched of the same lane after the record, as of now."""
        ...

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        ...


@dataclass(frozen=True, kw_only=True)
class PartitionLane:
    """The place of one delivery.

    Attributes:
        draining: set when the partition is to be given up.
    """

    claim: int
    begin: int
    behind: Callable[[], Iterable[Record]]
    draining: asyncio.Event
    clock: Clock

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        sleeping = asyncio.ensure_future(self.clock.sleep(seconds))
        told = asyncio.ensure_future(self.draining.wait())
        try:
            await asyncio.wait((sleeping, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            told.cancel()
        if self.draining.is_set():
            raise ClaimLost
