"""The place of a record: what its partition and its lane are at this moment."""

import asyncio
from collections.abc import Coroutine, Iterable
from enum import Enum, auto
from itertools import chain
from typing import Any, Protocol

from choreography.clock import Clock
from choreography.consume.lanes import behind
from choreography.consume.partition import LaneState
from choreography.errors import ClaimLost
from choreography.kafka.look_ahead import Ahead
from choreography.wire.record import Record


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


class PartitionLane:
    """The place of the records of one lane, as of now.

    Args:
        state: what is kept about the lane.
        ahead: what was seen further on.
        clock: waits.
    """

    __slots__ = ("_ahead", "_clock", "_state")

    def __init__(self, state: LaneState, ahead: Ahead, clock: Clock) -> None:
        self._state = state
        self._ahead = ahead
        self._clock = clock

    @property
    def claim(self) -> int:
        """The number of this member's claim on the partition."""
        return self._state.partition.claim

    @property
    def begin(self) -> int:
        """Where the group begins in this partition."""
        return self._state.partition.begin

    @property
    def waits(self) -> bool:
        """Whether older records of the lane wait in the ledger."""
        return self._state.waits

    @property
    def is_blocked(self) -> bool:
        """Whether one of them blocks the lane."""
        return self._state.is_blocked

    def behind(self, offset: int) -> Iterable[Record]:
        """Return what is known of the same lane after an offset, as of now."""
        state = self._state
        return chain(behind(state, offset), self._ahead.later(state.partition.at, state.key, offset))

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await self._unless_draining(self._clock.sleep(seconds))

    async def until(self, event: asyncio.Event) -> None:
        """Wait for an event; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await self._unless_draining(event.wait())

    async def _unless_draining(self, waiting: Coroutine[Any, Any, object]) -> None:
        draining = self._state.partition.draining
        waits = asyncio.ensure_future(waiting)
        told = asyncio.ensure_future(draining.wait())
        try:
            await asyncio.wait((waits, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            told.cancel()
        if draining.is_set():
            raise ClaimLost
