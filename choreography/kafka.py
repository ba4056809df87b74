"""The real consumer: one thread owns it, and nothing else calls it.

`poll()` waits for the first record, `consume(n, 0)` takes the rest that is there; a whole batch is handed over at
once. Orders from elsewhere (store, pause, resume) wait in a queue and are carried out between two polls: since
version 2.16 of the client another thread's call would wait for the poll in progress.

The broker's rebalance protocol is cooperative: a member keeps what it is not asked to give up. What is revoked is
first brought to rest; what is lost is forgotten, and nothing is stored for it.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import ChoreographyError, InvalidSettings, NoAnswer
from choreography.offsets import ClientOffsets, committed_offsets, partition_of
from choreography.record import Record, TopicPartition
from choreography.subscriber import Subscriber

log = structlog.stdlib.get_logger(__name__)

A = TypeVar("A")

POLL_SECONDS: Final = 0.05
BATCH: Final = 500
_PASSING: Final = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the client's public names, here and below
        KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - this process slept; the client joins again by itself
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
    }
)
_REMEDY: Final = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: "Create the topics first, with the deploy step of this system.",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Allow this client to read the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Allow this client to use its consumer group.",
}


class KafkaConsumer(threading.Thread):
    """Runs a `Consumer` on this thread until it is stopped.

    Args:
        config: the client's settings, see `choreography.client`.
        topics: what to subscribe to.
        subscriber: who is told.
        failed: called, on this thread, with the error that ended it.
    """

    def __init__(
        self,
        config: dict[str, Any],
        topics: Sequence[str],
        subscriber: Subscriber,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="consumer", daemon=True)
        self._config = config
        self._topics = list(topics)
        self._subscriber = subscriber
        self._failed = failed
        self._orders: deque[Callable[[Consumer], None]] = deque()
        self._stopping = threading.Event()

    def store(self, positions: Mapping[TopicPartition, int]) -> None:
        """Have positions stored; the client commits them."""
        self._orders.append(lambda consumer: _store(consumer, positions))

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching paused."""
        self._orders.append(lambda consumer: _if_owned(consumer.pause, partitions))

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Have fetching resumed."""
        self._orders.append(lambda consumer: _if_owned(consumer.resume, partitions))

    def stop(self) -> None:
        """Leave the group after bringing everything to rest."""
        self._stopping.set()

    def run(self) -> None:
        """Poll until stopped; the thread's own entry."""
        try:
            consumer = Consumer(self._config, logger=logging.getLogger("librdkafka"))
            try:
                consumer.subscribe(
                    self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
                )
                while not self._stopping.is_set():
                    self._turn(consumer)
            finally:
                self._carry_out(consumer)
                consumer.close()
        except BaseException as error:  # noqa: BLE001 - the thread must not die in silence
            self._failed(error)

    def _turn(self, consumer: Consumer) -> None:
        self._carry_out(consumer)
        first = consumer.poll(POLL_SECONDS)
        self._subscriber.polled()
        if first is not None:
            batch = [record_of(one) for one in (first, *consumer.consume(BATCH, 0)) if is_record(one)]
            if batch:
                self._subscriber.records(batch)

    def _carry_out(self, consumer: Consumer) -> None:
        while self._orders:
            self._orders.popleft()(consumer)

    def _on_assign(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        known: dict[TopicPartition, int] = {}
        begins: Mapping[TopicPartition, int] = {}
        if partitions:
            known = self._patiently(lambda: committed_offsets(consumer, partitions))
            missing = [partition_of(one) for one in partitions if partition_of(one) not in known]
            if missing:
                begins = self._patiently(lambda: self._subscriber.begins(missing, ClientOffsets(consumer)))
        start = known | dict(begins)
        consumer.incremental_assign([ClientPartition(at.topic, at.partition, start[at]) for at in start])
        self._subscriber.assigned(start)
        _store(consumer, begins)

    def _patiently(self, ask: Callable[[], A]) -> A:
        while True:
            try:
                return ask()
            except (KafkaException, NoAnswer) as error:
                if self._stopping.wait(1.0):
                    raise
                log.warning("broker.away", reason=str(error))

    def _on_revoke(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        positions = self._subscriber.revoked([partition_of(one) for one in partitions])
        self._carry_out(consumer)
        _store(consumer, positions)
        consumer.incremental_unassign(partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        self._subscriber.lost([partition_of(one) for one in partitions])
        consumer.incremental_unassign(partitions)


def _store(consumer: Consumer, positions: Mapping[TopicPartition, int]) -> None:
    for at, position in positions.items():
        try:
            consumer.store_offsets(offsets=[ClientPartition(at.topic, at.partition, position)])
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001 - the client's public name
                raise


def _if_owned(call: Callable[[list[ClientPartition]], None], partitions: Sequence[TopicPartition]) -> None:
    for at in partitions:
        try:
            call([ClientPartition(at.topic, at.partition)])
        except KafkaException:
            log.debug("partition.not_owned", topic=at.topic, partition=at.partition)


def is_record(message: Message) -> bool:
    """Whether the client handed out a record, and not news about the broker.

    Raises:
        InvalidSettings: a person must mend something.
        KafkaException: the client cannot go on.
    """
    error = message.error()
    if error is None:
        return True
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
        return False
    if error.code() in _PASSING or error.retriable():
        log.info("broker.away", reason=error.str())
        return False
    if error.code() in _REMEDY:
        raise InvalidSettings((f"{error.str()}. {_REMEDY[error.code()]}",))
    raise KafkaException(error)


def record_of(message: Message) -> Record:
    """Return what the client fetched as a record."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ChoreographyError("The client returned a record without coordinates.")
    received = cast("list[tuple[str, str | bytes | None]]", message.headers() or [])
    headers = tuple((name, _bytes(value)) for name, value in received)
    return Record(
        topic, partition, offset, _bytes(message.key()), _bytes(message.value()), headers, message.timestamp()[1]
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
