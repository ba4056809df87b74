"""The scout: reads ahead in the assigned partitions by header only, without a group, on a thread of its own.

It commits nothing and joins nothing. Only records that may undo something are handed on, without their headers: what
a header says is believed only once the record has been decoded.

An open transaction of a foreign producer ends what may be read before the end of the partition: when the client says
that it has read all there is, and nothing more comes for a while, that counts as the end.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from choreography.kafka.consumer import is_record, record_of
from choreography.kafka.look_ahead import Ahead
from choreography.wire.headers import Envelope
from choreography.wire.record import Record, TopicPartition

log = structlog.stdlib.get_logger(__name__)

BATCH: Final = 1_000
IDLE_SECONDS: Final = 0.05
ASK_SECONDS: Final = 5.0
QUIET_TURNS: Final = 40  # without a record, before what can be read counts as all there is
Post = Callable[..., object]


class KafkaScout(threading.Thread):
    """Follows partitions and tells `Ahead` what it sees.

    Args:
        config: the client's settings, see `choreography.kafka.config.scout_config`.
        wanted: the CloudEvents types that undo something.
        ahead: is told, through `post`.
        post: calls a function on the event loop, such as `loop.call_soon_threadsafe`.
        failed: called, on this thread, with the error that ended it.
    """

    def __init__(
        self,
        config: dict[str, Any],
        wanted: Collection[str],
        ahead: Ahead,
        post: Post,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="scout", daemon=True)
        self._config = config
        self._wanted = frozenset(wanted)
        self._ahead = ahead
        self._post = post
        self._failed = failed
        self._orders: deque[Callable[[Consumer], None]] = deque()
        self._tokens: dict[TopicPartition, int] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._to_measure: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self._quiet: dict[TopicPartition, int] = {}
        self._read_all: set[TopicPartition] = set()
        self._stopping = threading.Event()

    def follow(self, starts: Mapping[TopicPartition, int], tokens: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from these offsets on, and stay at their end."""
        self._orders.append(lambda consumer: self._follow(consumer, dict(starts), dict(tokens)))

    def measure(self, tokens: Mapping[TopicPartition, int]) -> None:
        """Ask where these partitions end now."""
        self._orders.append(lambda _consumer: self._to_measure.update(tokens))

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Read these partitions no longer."""
        self._orders.append(lambda consumer: self._forget(consumer, tuple(partitions)))

    def stop(self) -> None:
        """End the thread after its present turn."""
        self._stopping.set()

    def run(self) -> None:
        """Read until stopped; the thread's own entry."""
        try:
            consumer = Consumer(self._config, logger=logging.getLogger("librdkafka"))
            try:
                while not self._stopping.is_set():
                    self._turn(consumer)
            finally:
                consumer.close()
        except BaseException as error:  # noqa: BLE001 - the thread must not die in silence
            if not self._stopping.is_set():  # whoever is told may be gone by then
                self._failed(error)

    def _turn(self, consumer: Consumer) -> None:
        while self._orders:
            self._orders.popleft()(consumer)
        for at in tuple(self._to_measure):
            self._measure(consumer, at)
        if not self._tokens:
            self._stopping.wait(IDLE_SECONDS)
            return
        self._see(consumer.consume(BATCH, IDLE_SECONDS))
        self._wait_for_the_rest()

    def _see(self, messages: Sequence[Message]) -> None:
        seen: dict[TopicPartition, list[Record]] = {}
        for message in messages:
            at = TopicPartition(message.topic() or "", message.partition() or 0)
            if at not in self._tokens:
                continue
            if _is_end(message):
                self._positions[at] = max(self._positions.get(at, 0), message.offset() or 0)
                self._read_all.add(at)
                seen.setdefault(at, [])
            elif is_record(message):
                record = record_of(message)
                self._positions[at] = record.offset + 1
                self._read_all.discard(at)
                found = seen.setdefault(at, [])
                said = Envelope.of(record).type
                if said is None or said in self._wanted:
                    found.append(replace(record, headers=()))
        for at, records in seen.items():
            self._quiet[at] = 0
            self._post(self._ahead.sees, at, self._tokens[at], records, self._positions[at])

    def _wait_for_the_rest(self) -> None:
        for at, end in tuple(self._ends.items()):
            self._quiet[at] = self._quiet.get(at, 0) + 1
            if self._positions.get(at, -1) >= end:
                del self._ends[at]
            elif self._quiet[at] > QUIET_TURNS and at in self._read_all:
                log.warning("scout.short_of_end", topic=at.topic, partition=at.partition, end=end)
                self._post(self._ahead.ends, at, self._tokens[at], self._positions.get(at, -1))
                del self._ends[at]

    def _measure(self, consumer: Consumer, at: TopicPartition) -> None:
        if at not in self._tokens:
            self._to_measure.discard(at)
            return
        try:
            found = consumer.get_watermark_offsets(ClientPartition(at.topic, at.partition), timeout=ASK_SECONDS)
        except KafkaException as error:
            log.info("broker.away", reason=error.args[0].str())
            self._stopping.wait(IDLE_SECONDS)
            return
        if found is not None:
            self._to_measure.discard(at)
            self._ends[at], self._quiet[at] = found[1], 0
            self._post(self._ahead.ends, at, self._tokens[at], found[1])

    def _follow(self, consumer: Consumer, starts: dict[TopicPartition, int], tokens: dict[TopicPartition, int]) -> None:
        self._forget(consumer, tuple(starts))
        self._tokens |= tokens
        self._to_measure |= tokens.keys()
        for at, start in starts.items():
            self._positions[at] = start
            self._post(self._ahead.sees, at, tokens[at], [], start)
        consumer.incremental_assign([ClientPartition(at.topic, at.partition, starts[at]) for at in starts])

    def _forget(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        gone = [at for at in partitions if self._tokens.pop(at, None) is not None]
        for at in gone:
            self._to_measure.discard(at)
            self._read_all.discard(at)
            self._ends.pop(at, None)
        if gone:
            consumer.incremental_unassign([ClientPartition(at.topic, at.partition) for at in gone])


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's public name
