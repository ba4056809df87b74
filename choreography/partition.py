"""What `choreography.lanes` keeps about a partition and its lanes."""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

from choreography.record import Record, TopicPartition


class Look(Enum):
    """What a lane does next, if it is not a fetched record."""

    LEDGER = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """A lane, under one assignment of its partition."""

    at: TopicPartition
    key: bytes | None
    assignment: int


@dataclass(slots=True)
class LaneState:
    """What is known about a lane."""

    queue: deque[Record] = field(default_factory=deque)
    running: bool = False
    looks: bool = False  # something in the ledger may have to run before the queue
    waits: bool = False  # the ledger keeps records of this lane
    blocked: bool = False  # one of them blocks it


@dataclass(slots=True)
class PartitionState:
    """What is known about a partition under one assignment."""

    assignment: int
    is_open: bool = False
    fetched: deque[int] = field(default_factory=deque)
    finished: set[int] = field(default_factory=set)
    lanes: dict[bytes | None, LaneState] = field(default_factory=dict)
    position: int | None = None
