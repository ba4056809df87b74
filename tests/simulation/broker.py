"""A fake broker: partitions with gaps in their offsets, and a group with generations and committed offsets."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from choreography.wire.record import Record, TopicPartition
from tests.simulation.world import World

SESSION_SECONDS: Final = 6.0
Headers = Sequence[tuple[str, bytes | None]]


@dataclass
class Log:
    """One partition.

    Attributes:
        end: the offset after the last one; where a transaction has ended, that is not the last record's plus one.
    """

    records: list[Record] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    end: int = 0

    def next_from(self, offset: int) -> Record | None:
        """Return the first record at or after an offset."""
        index = bisect_left(self.offsets, offset)
        return self.records[index] if index < len(self.records) else None


class Broker:
    """Topics, and whoever wants to know of new records.

    Args:
        world: where it stands.
        gaps: how likely it is that offsets are left out before or after a record.
    """

    def __init__(self, world: World, partitions: int, gaps: float) -> None:
        self._world = world
        self._partitions = partitions
        self._gaps = gaps
        self.logs: dict[TopicPartition, Log] = {}
        self.away_until = 0.0
        self.listeners: list[Callable[[], None]] = []

    @property
    def is_away(self) -> bool:
        """Whether nobody reaches it now."""
        return self._world.now < self.away_until

    def create(self, topic: str, partitions: int | None = None) -> None:
        """Create a topic."""
        for number in range(partitions or self._partitions):
            self.logs.setdefault(TopicPartition(topic, number), Log())

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic."""
        return [at for at in self.logs if at.topic == topic]

    def of(self, topic: str) -> list[Log]:
        """Return the logs of a topic's partitions."""
        return [self.logs[at] for at in self.partitions(topic)]

    def append(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Record:
        """Take a record."""
        places = self.partitions(topic)
        at = places[crc32(key or b"") % len(places)]
        log = self.logs[at]
        if self._world.chance.random() < self._gaps:
            log.end += 1 + int(self._world.chance.random() * 3)
        record = Record(topic, at.partition, log.end, key, value, tuple(headers), int(self._world.now * 1000))
        log.records.append(record)
        log.offsets.append(log.end)
        log.times.append(self._world.steps)
        log.end += 1
        if self._world.chance.random() < self._gaps:
            log.end += 1
        for tell in tuple(self.listeners):
            tell()
        return record

    def go_away(self, seconds: float) -> None:
        """Answer nobody for a while."""
        self._world.say(f"the broker is away for {seconds:.1f} s")
        self.away_until = self._world.now + seconds
        self._world.after(seconds, self._come_back)

    def _come_back(self) -> None:
        for tell in tuple(self.listeners):
            tell()
