"""The two sides of a subscription: what the consumer tells, and what it is told."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from choreography.kafka.offsets import Offsets
from choreography.wire.record import Record, TopicPartition


class Subscriber(Protocol):
    """What the consumer tells, always on its own thread."""

    def begins(self, given: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Say where to read in the partitions given to this member; raise what ends the process instead."""
        ...

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Take note of partitions given to this member, perhaps none, and of where each is read from."""
        ...

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Bring partitions to rest; return the positions to store."""
        ...

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions that belong to another member already."""
        ...

    def records(self, batch: Sequence[Record]) -> None:
        """Take a batch."""
        ...

    def polled(self) -> None:
        """Take note that the thread is alive."""
        ...


class Fetching(Protocol):
    """What fetches records; `KafkaConsumer` does."""

    def store(self, positions: Mapping[TopicPartition, int]) -> None:
        """Have positions stored."""
        ...

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching paused."""
        ...

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching resumed."""
        ...
