"""What the broker knows about offsets."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import NoAnswer
from choreography.record import TopicPartition

ASK_SECONDS: Final = 10.0


class Offsets(Protocol):
    """What the broker knows about offsets."""

    def watermarks(self, at: TopicPartition) -> tuple[int, int]:
        """Return the first offset and the one after the last."""
        ...

    def since(self, partitions: Sequence[TopicPartition], timestamp_ms: int) -> Mapping[TopicPartition, int]:
        """Return the first offset at or after a time; the end where there is none."""
        ...


class ClientOffsets:
    """Asks through the consumer, on the consumer's thread."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def watermarks(self, at: TopicPartition) -> tuple[int, int]:
        """Return the first offset and the one after the last."""
        found = self._consumer.get_watermark_offsets(ClientPartition(at.topic, at.partition), timeout=ASK_SECONDS)
        if found is None:
            raise NoAnswer(f"The broker did not say in time where {at.topic}:{at.partition} begins and ends.")
        return found

    def since(self, partitions: Sequence[TopicPartition], timestamp_ms: int) -> Mapping[TopicPartition, int]:
        """Return the first offset at or after a time; the end where there is none."""
        asked = [ClientPartition(at.topic, at.partition, timestamp_ms) for at in partitions]
        found = self._consumer.offsets_for_times(asked, timeout=ASK_SECONDS)
        return {
            partition_of(one): one.offset if one.offset >= 0 else self.watermarks(partition_of(one))[1] for one in found
        }


def committed_offsets(consumer: Consumer, partitions: list[ClientPartition]) -> dict[TopicPartition, int]:
    """Return the committed offsets of a group, where there are any."""
    committed = consumer.committed(partitions, timeout=ASK_SECONDS)
    for one in committed:
        if one.error is not None:
            raise KafkaException(one.error)
    return {partition_of(one): one.offset for one in committed if one.offset >= 0}


def partition_of(one: ClientPartition) -> TopicPartition:
    """Return the partition that the client means."""
    return TopicPartition(one.topic, one.partition)
