"""What lies ahead in the assigned partitions: later records that may undo earlier ones.

Whoever reads ahead (`choreography.kafka.scout`) tells here what it has seen; kept are only those records whose header
names an event that undoes something, or names none. A partition is *passed* once everything up to its end, as it was
when the question was put, has been seen: before that nobody may act in it.

Every assignment of a partition has a token, so that what was still on its way from an earlier one is dropped.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from choreography.wire.record import Record, TopicPartition


class Scouting(Protocol):
    """Who reads ahead; `KafkaScout` does."""

    def follow(self, starts: Mapping[TopicPartition, int], tokens: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from these offsets on, and stay at their end."""
        ...

    def measure(self, tokens: Mapping[TopicPartition, int]) -> None:
        """Ask where these partitions end now."""
        ...

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Read these partitions no longer."""
        ...


@dataclass(slots=True)
class _Seen:
    token: int
    position: int = -1
    end: int | None = None
    asked: bool = True
    lanes: dict[bytes | None, deque[Record]] = field(default_factory=dict)
    order: deque[tuple[int, bytes | None]] = field(default_factory=deque)


class Ahead:
    """What was seen ahead, by lane.

    Args:
        passed: called once everything up to the end of a partition has been seen, after each question.
    """

    def __init__(self, passed: Callable[[TopicPartition], None]) -> None:
        self._passed = passed
        self._partitions: dict[TopicPartition, _Seen] = {}

    def follow(self, tokens: Mapping[TopicPartition, int]) -> None:
        """Begin with partitions; each is asked for its end."""
        self._partitions |= {at: _Seen(token) for at, token in tokens.items()}

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions."""
        for at in partitions:
            self._partitions.pop(at, None)

    def ask(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Ask again for the ends of partitions; return the tokens of those that are followed."""
        found = {at: self._partitions[at] for at in partitions if at in self._partitions}
        for seen in found.values():
            seen.asked, seen.end = True, None
        return {at: seen.token for at, seen in found.items()}

    def ends(self, at: TopicPartition, token: int, end: int) -> None:
        """Take note of where a partition ends."""
        seen = self._of(at, token)
        if seen is not None:
            seen.end = end
            self._tell(at, seen)

    def sees(self, at: TopicPartition, token: int, candidates: Sequence[Record], position: int) -> None:
        """Take note of what was seen, and that everything before `position` was."""
        seen = self._of(at, token)
        if seen is None:
            return
        for record in candidates:
            seen.lanes.setdefault(record.key, deque()).append(record)
            seen.order.append((record.offset, record.key))
        seen.position = max(seen.position, position)
        self._tell(at, seen)

    def later(self, at: TopicPartition, key: bytes | None, offset: int) -> Iterator[Record]:
        """Iterate over what may undo something in a lane, after an offset."""
        seen = self._partitions.get(at)
        found = seen.lanes.get(key, ()) if seen else ()
        return (record for record in found if record.offset > offset)

    def prune(self, at: TopicPartition, offset: int) -> None:
        """Forget what lies before an offset: nothing that still may run stands there."""
        seen = self._partitions.get(at)
        while seen is not None and seen.order and seen.order[0][0] < offset:
            _, key = seen.order.popleft()
            lane = seen.lanes[key]
            lane.popleft()
            if not lane:
                del seen.lanes[key]

    def _of(self, at: TopicPartition, token: int) -> _Seen | None:
        seen = self._partitions.get(at)
        return seen if seen is not None and seen.token == token else None

    def _tell(self, at: TopicPartition, seen: _Seen) -> None:
        if seen.asked and seen.end is not None and seen.position >= seen.end:
            seen.asked = False
            self._passed(at)
