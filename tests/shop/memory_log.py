"""Topics in memory, in the form in which a rebuild reads them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from choreography.outbox.relay import Outgoing
from choreography.wire.record import Record, TopicPartition

BATCH = 7


class MemoryLog:
    """What was published, topic by topic, in one partition each unless the records say otherwise."""

    def __init__(self) -> None:
        self.partitions: dict[TopicPartition, list[Record]] = defaultdict(list)

    def put(self, *records: Record) -> None:
        """Put records where they say that they stand."""
        for record in records:
            self.partitions[record.at].append(record)

    def publish(self, *records: Outgoing) -> None:
        """Append what a relay has published."""
        for one in records:
            here = self.partitions[TopicPartition(one.topic, 0)]
            here.append(Record(one.topic, 0, len(here), one.key, one.value, tuple(one.headers), 1_700_000_000_000))

    def forget(self, at: TopicPartition, before: int) -> None:
        """Lose what stands before an offset, as retention does."""
        self.partitions[at] = [record for record in self.partitions[at] if record.offset >= before]

    def move(self, record: Record, offset: int) -> Record:
        """Return the same record at another place."""
        return replace(record, offset=offset)

    def spans(self, topics: Iterable[str]) -> dict[TopicPartition, tuple[int, int]]:
        names = set(topics)
        found = {at: here for at, here in self.partitions.items() if at.topic in names}
        empty = {TopicPartition(name, 0): (0, 0) for name in names}
        return empty | {at: (here[0].offset, here[-1].offset + 1) for at, here in found.items() if here}

    def read(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> Iterator[Sequence[Record]]:
        for at, (start, end) in spans.items():
            here = [record for record in self.partitions[at] if start <= record.offset < end]
            for first in range(0, len(here), BATCH):
                yield here[first : first + BATCH]
