"""What is kept about a partition under one assignment, and about each of its lanes.

An assignment that has ended is recognised by its own mark: what still runs under it, after the partition went and came
back, finds that it is no longer owned and moves nothing.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

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
