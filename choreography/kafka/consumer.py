"""The real consumer: one thread owns it, and nothing else calls it.

`poll()` waits for the first record, `consume(n, 0)` takes the rest that is there; a whole batch is handed over at
once. Orders from elsewhere (store, pause, resume) wait in a queue and are carried out between two polls: since
version 2.16 of the client another thread's call would wait for the poll in progress.

Under both group protocols a member keeps what it is not asked to give up. What is revoked is first brought to rest;
what is lost is forgotten, and nothing is stored for it. Each offset is stored with the id of the ledger that stands
behind it; where the two do not belong together, the member refuses to begin (see `choreography.consume.start`).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Final
from uuid import UUID

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import Stopped
from choreography.health import Health
from choreography.kafka.arrival import Arrival
from choreography.kafka.census import count_cases
from choreography.kafka.config import reader_config
from choreography.kafka.listener import Subscriber
from choreography.kafka.message import end_of, is_record, record_of
from choreography.kafka.offsets import ClientOffsets, every_partition, partition_of, patiently
from choreography.kafka.watchdog import ClientView, Watchdog
from choreography.wire.record import Record, TopicPartition

__all__ = ["KafkaConsumer", "is_record", "record_of"]

log = structlog.stdlib.get_logger(__name__)

POLL_SECONDS: Final = 0.05
BATCH: Final = 500
_NOT_OURS: Final = (KafkaError._STATE, KafkaError._UNKNOWN_PARTITION)  # noqa: SLF001 - the client's public names


class KafkaConsumer(threading.Thread):
    """Runs a `Consumer` on this thread until it is stopped.

    Args:
        config: the client's settings, see `choreography.kafka.config`.
        topics: what to subscribe to.
        subscriber: who is told.
        failed: called, on this thread, with the error that ended it, before the group is left.
        ledger: the id of the ledger that stands behind the offsets.
        watchdog: looks after partitions that yield nothing; none does unless given.
        arrival: notices that the member has joined, where the client does not tell.
    """

    def __init__(
        self,
        config: dict[str, Any],
        topics: Sequence[str],
        subscriber: Subscriber,
        failed: Callable[[BaseException], None],
        *,
        ledger: UUID | None = None,
        watchdog: Watchdog | None = None,
        arrival: Arrival | None = None,
    ) -> None:
        super().__init__(name="consumer", daemon=True)
        self._config = config
        self._topics = list(topics)
        self._subscriber = subscriber
        self._failed = failed
        self._count = partial(count_cases, reader_config(config))
        self._metadata = str(ledger) if ledger else ""
        self._watchdog = watchdog or Watchdog(inf, Health())
        self._arrival = arrival
        self._starts: dict[TopicPartition, int] = {}
        self._partitions: list[TopicPartition] = []
        self._orders: deque[Callable[[Consumer], None]] = deque()
        self._stopping = threading.Event()

    def store(self, positions: Mapping[TopicPartition, int]) -> None:
        """Have positions stored; the client commits them."""
        self._orders.append(lambda consumer: self._store(consumer, positions))

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching paused."""
        self._orders.append(lambda consumer: self._pause(consumer, partitions))

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching resumed."""
        self._orders.append(lambda consumer: self._resume(consumer, partitions))

    def stop(self) -> None:
        """Leave the group after bringing everything to rest."""
        self._stopping.set()

    def run(self) -> None:
        """Poll until stopped; the thread's own entry."""
        try:
            consumer = Consumer(self._config, logger=logging.getLogger("librdkafka"))
        except BaseException as error:  # noqa: BLE001 - the thread must not die in silence, here and below
            self._failed(error)
            return
        try:
            self._poll(consumer)
        except Stopped:
            log.debug("consumer.stopped", before="it had begun")
        except BaseException as error:  # noqa: BLE001
            self._failed(error)  # at once: leaving the group may take long
        try:
            self._carry_out(consumer)
            consumer.close()
        except BaseException as error:  # noqa: BLE001
            self._failed(error)

    def _poll(self, consumer: Consumer) -> None:
        self._partitions = patiently(lambda: every_partition(consumer, self._topics), self._stopping)
        consumer.subscribe(self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        while not self._stopping.is_set():
            self._carry_out(consumer)
            first = consumer.poll(POLL_SECONDS)
            self._subscriber.polled()
            if first is not None and (batch := list(self._records((first, *consumer.consume(BATCH, 0))))):
                self._subscriber.records(batch)
            self._watchdog.look(ClientView(consumer))
            if self._arrival is not None and self._arrival.is_news(consumer.memberid):
                self._subscriber.assigned({})

    def _records(self, messages: Iterable[Message]) -> Iterator[Record]:
        for message in messages:
            if is_record(message):
                yield record_of(message)
            elif end := end_of(message):
                self._watchdog.ended(*end)

    def _carry_out(self, consumer: Consumer) -> None:
        while self._orders:
            self._orders.popleft()(consumer)

    def _on_assign(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        if self._arrival is not None:
            self._arrival.happened()
        given = [partition_of(one) for one in partitions]
        offsets = ClientOffsets(consumer, sorted({*self._partitions, *given}), self._count)
        starts = patiently(lambda: self._subscriber.begins(given, offsets), self._stopping) if given else {}
        consumer.incremental_assign([ClientPartition(at.topic, at.partition, start) for at, start in starts.items()])
        self._starts |= starts
        self._subscriber.assigned(starts)
        self._store(consumer, starts)
        self._watchdog.assigned(starts)

    def _on_revoke(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        positions = self._subscriber.revoked([partition_of(one) for one in partitions])
        self._carry_out(consumer)
        self._store(consumer, positions)
        self._give_up(consumer, partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        self._subscriber.lost([partition_of(one) for one in partitions])
        self._give_up(consumer, partitions)

    def _give_up(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        consumer.incremental_unassign(partitions)
        self._watchdog.forget([partition_of(one) for one in partitions])

    def _store(self, consumer: Consumer, positions: Mapping[TopicPartition, int]) -> None:
        for at, position in positions.items():
            if position < self._starts.get(at, 0):
                continue  # said about an earlier assignment; the offset would go back, and nothing might move it again
            try:
                consumer.store_offsets(offsets=[ClientPartition(*at, position, metadata=self._metadata)])
            except KafkaException as error:
                if error.args[0].code() not in _NOT_OURS:
                    raise

    def _pause(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        _if_owned(consumer.pause, partitions)
        self._watchdog.paused(partitions)

    def _resume(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        _if_owned(consumer.resume, partitions)
        self._watchdog.resumed(partitions)


def _if_owned(call: Callable[[list[ClientPartition]], None], partitions: Sequence[TopicPartition]) -> None:
    for at in partitions:
        try:
            call([ClientPartition(at.topic, at.partition)])
        except KafkaException:
            log.debug("partition.not_owned", topic=at.topic, partition=at.partition)
