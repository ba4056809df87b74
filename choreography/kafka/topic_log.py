"""Topics as a log that is read once, from places to their present end, by nobody in particular.

No group is joined and nothing is committed.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import NoAnswer
from choreography.kafka.message import record_of
from choreography.kafka.offsets import ASK_SECONDS, partition_of
from choreography.wire.record import Record, TopicPartition

BATCH: Final = 500
SILENCE_SECONDS: Final = 30.0
_EOF: Final = KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's public names, here and below
_PASSING: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001

Span = tuple[int, int]


class Log(Protocol):
    """What can be read of topics."""

    def spans(self, topics: Iterable[str]) -> dict[TopicPartition, Span]:
        """Return the first offset of each partition and the one after its last."""
        ...

    def read(self, spans: Mapping[TopicPartition, Span]) -> Iterator[Sequence[Record]]:
        """Yield what stands between these offsets, in the order of each partition."""
        ...


class TopicLog:
    """Reads topics of a broker.

    Args:
        config: the client's settings, see `choreography.kafka.config.scout_config`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._consumer = Consumer(config, logger=logging.getLogger("librdkafka"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def spans(self, topics: Iterable[str]) -> dict[TopicPartition, Span]:
        """Return the first offset of each partition and the one after its last.

        Raises:
            NoAnswer: the broker is away, or has not such a topic.
        """
        try:
            return {at: self._span(at) for name in topics for at in self._partitions(name)}
        except KafkaException as error:
            raise NoAnswer(f"The broker does not answer: {error.args[0].str()}.") from error

    def read(self, spans: Mapping[TopicPartition, Span]) -> Iterator[Sequence[Record]]:
        """Yield what stands between these offsets, in the order of each partition.

        A partition may end earlier: behind its last record there may be markers of transactions, which nobody gets.

        Raises:
            NoAnswer: nothing has come for a while, or the client cannot go on.
        """
        ends = {at: end for at, (start, end) in spans.items() if start < end}
        self._consumer.assign([ClientPartition(*at, spans[at][0]) for at in ends])
        while ends:
            batch = [record for message in self._taken() if (record := self._wanted(message, ends)) is not None]
            if batch:
                yield batch
        self._consumer.unassign()

    def _taken(self) -> list[Message]:
        first = self._consumer.poll(SILENCE_SECONDS)
        if first is None:
            raise NoAnswer(f"The broker has sent nothing for {SILENCE_SECONDS:.0f} s. Check that it runs.")
        return [first, *self._consumer.consume(BATCH, 0)]

    def _wanted(self, message: Message, ends: dict[TopicPartition, int]) -> Record | None:
        """Return a record, unless its partition is over; strike off a partition that ends here."""
        if message.error() is not None:
            if _is_end(message):
                self._end(TopicPartition(str(message.topic()), int(message.partition() or 0)), ends)
            return None
        record = record_of(message)
        end = ends.get(record.at, 0)
        if record.offset + 1 >= end:
            self._end(record.at, ends)
        return record if record.offset < end else None

    def _end(self, at: TopicPartition, ends: dict[TopicPartition, int]) -> None:
        if ends.pop(at, None) is not None:
            self._consumer.incremental_unassign([ClientPartition(*at)])

    def _span(self, at: TopicPartition) -> Span:
        found = self._consumer.get_watermark_offsets(ClientPartition(*at), timeout=ASK_SECONDS)
        if found is None:
            raise NoAnswer(f"The broker did not say in time where {at.topic}:{at.partition} begins and ends.")
        return found

    def _partitions(self, name: str) -> list[TopicPartition]:
        found = self._consumer.list_topics(name, ASK_SECONDS).topics[name]
        if found.error is not None:
            raise NoAnswer(f"The topic {name} cannot be read: {found.error.str()}.")
        return [partition_of(ClientPartition(name, number)) for number in sorted(found.partitions)]


def _is_end(message: Message) -> bool:
    """Whether this is the end of a partition, and not news about the broker.

    Raises:
        NoAnswer: the client cannot go on.
    """
    error = message.error()
    if error is None or error.code() == _EOF:
        return True
    if error.retriable() or error.code() in _PASSING:
        return False
    raise NoAnswer(f"The broker cannot be read: {error.str()}.")
