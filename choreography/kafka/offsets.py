"""What the broker knows about offsets.

A committed offset carries, as its metadata, the id of the ledger that stands behind it. The console tools clear it when
they reset a group, and other clients write none: then no ledger is known to stand behind that offset.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

import structlog
from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import InvalidSettings, NoAnswer, Stopped
from choreography.kafka.message import refusal
from choreography.wire.record import TopicPartition

log = structlog.stdlib.get_logger(__name__)

A = TypeVar("A")
ASK_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 1.0


class Committed(NamedTuple):
    """A committed offset of a group, and the ledger that stands behind it, where one is named."""

    offset: int
    ledger: UUID | None


class Offsets(Protocol):
    """What the broker knows about offsets."""

    def partitions(self) -> Sequence[TopicPartition]:
        """Return every partition of the group's topics, given to this member or not."""
        ...

    def committed(self) -> Mapping[TopicPartition, Committed]:
        """Return the committed offsets of the group in those partitions, where there are any."""
        ...

    def watermarks(self, at: TopicPartition) -> tuple[int, int]:
        """Return the first offset and the one after the last."""
        ...

    def since(self, partitions: Sequence[TopicPartition], timestamp_ms: int) -> Mapping[TopicPartition, int]:
        """Return the first offset at or after a time; the end where there is none."""
        ...

    def cases(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> int | None:
        """Count the cases between these offsets; `None` where that takes too long."""
        ...


class ClientOffsets:
    """Asks through the consumer, on the consumer's thread.

    Args:
        consumer: the group's member.
        partitions: every partition of the group's topics.
        count: counts what stands between offsets.
    """

    def __init__(
        self,
        consumer: Consumer,
        partitions: Sequence[TopicPartition],
        count: Callable[[Mapping[TopicPartition, tuple[int, int]]], int | None],
    ) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self.cases = count

    def partitions(self) -> Sequence[TopicPartition]:
        """Return every partition of the group's topics, given to this member or not."""
        return self._partitions

    def committed(self) -> Mapping[TopicPartition, Committed]:
        """Return the committed offsets of the group in those partitions, where there are any."""
        asked = [ClientPartition(at.topic, at.partition) for at in self.partitions()]
        found = self._consumer.committed(asked, timeout=ASK_SECONDS)
        for one in found:
            if one.error is not None:
                raise KafkaException(one.error)
        return {partition_of(one): Committed(one.offset, _ledger(one.metadata)) for one in found if one.offset >= 0}

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


def every_partition(consumer: Consumer, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of these topics; never to be called while the client is calling back.

    There, `list_topics` takes from the client (2.16.0) what the next callback of the same poll needs, be it a line of
    its log, and the process aborts: "CallState_get: Assertion `cs != NULL' failed".
    """
    return [TopicPartition(topic, number) for topic in topics for number in _numbers(consumer, topic)]


def _numbers(consumer: Consumer, topic: str) -> Sequence[int]:
    found = consumer.list_topics(topic, ASK_SECONDS).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return sorted(found.partitions)


def patiently(ask: Callable[[], A], stopping: Event) -> A:
    """Ask until there is an answer: a broker that is away is waited for.

    Raises:
        InvalidSettings: a person must mend something.
        Stopped: the waiting was ended.
    """
    while True:
        try:
            return ask()
        except (KafkaException, NoAnswer) as error:
            cause = refusal(error.args[0]) if isinstance(error, KafkaException) else error
            if isinstance(cause, InvalidSettings):
                raise cause from error
            if stopping.wait(PAUSE_SECONDS):
                raise Stopped from error
            log.warning("broker.away", reason=str(error))


def partition_of(one: ClientPartition) -> TopicPartition:
    """Return the partition that the client means."""
    return TopicPartition(one.topic, one.partition)


def _ledger(metadata: str | None) -> UUID | None:
    """Return the ledger's id; what is none was written by somebody else and says nothing about a ledger."""
    try:
        return UUID(metadata) if metadata else None
    except ValueError:
        return None
