"""A lane is one key of one partition: its state, and the place of a record in it as of now.

An assignment that has ended is recognised by its own mark: what still runs under it, after the partition went and came
back, finds that it is no longer owned and moves nothing.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain
from typing import Protocol

from choreography.clock import Clock
from choreography.errors import ClaimLost
from choreography.kafka.look_ahead import Ahead
from choreography.ledger.held_record import HeldRecord
from choreography.retries import unless
from choreography.wire.record import Record, TopicPartition


class Look(Enum):
    """What a lane does next, if it is not a fetched record."""

    LEDGER = auto()


@dataclass(slots=True, eq=False)
class Partition:
    """A partition under one assignment.

    Attributes:
        claim: the number of this member's claim on it.
        begin: where the group begins in it.
        is_owned: until the assignment ends.
        is_open: once the look-ahead has passed its end.
        draining: set when it is to be given up.
        fetched: the offsets that were fetched and are not behind the position, in order.
        finished: those of them that are finished.
        position: what is to be read next, if it has moved since it was last taken.
    """

    at: TopicPartition
    claim: int = 0
    begin: int = 0
    is_owned: bool = True
    is_open: bool = False
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    fetched: deque[int] = field(default_factory=deque)
    finished: set[int] = field(default_factory=set)
    lanes: "dict[bytes | None, LaneState]" = field(default_factory=dict)
    position: int | None = None


@dataclass(slots=True, eq=False)
class LaneState:
    """One key of a partition.

    Attributes:
        queue: what was fetched and is not finished; the first of it runs.
        is_running: whether somebody runs it.
        looks: something in the ledger may have to run before the queue.
        waits: the ledger keeps records of this lane.
        is_blocked: one of them blocks it.
    """

    partition: Partition
    key: bytes | None
    queue: deque[Record] = field(default_factory=deque)
    is_running: bool = False
    looks: bool = False
    waits: bool = False
    is_blocked: bool = False


class After(Enum):
    """What the end of a record means for its lane."""

    GO_ON = auto()
    HELD = auto()  # it waits in the ledger, and what follows goes on
    BLOCKED = auto()  # it waits in the ledger, and what follows joins it there
    LOOK = auto()  # something in the ledger has to run now


class Lane:
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
        """Where the group begins in this partition; what stands before it and has no row is not for it."""
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
        """Return what is known of the same lane after an offset, fetched or seen ahead, as of now."""
        state = self._state
        fetched = (record for record in state.queue if record.offset > offset)
        return chain(fetched, self._ahead.later(state.partition.at, state.key, offset))

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await unless(self._state.partition.draining, ClaimLost, self._clock.sleep(seconds))

    async def until(self, event: asyncio.Event) -> None:
        """Wait for an event; raise `ClaimLost` if the partition is to be given up meanwhile."""
        await unless(self._state.partition.draining, ClaimLost, event.wait())


class Handling(Protocol):
    """What handles a record; `Worker` does."""

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
        """Bring one record to its end; return what that means for its lane."""
        ...
