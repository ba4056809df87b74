"""The idempotent producer, used by the relay's thread alone.

It keeps the order of a key also where the broker refuses a record for good (its topic is not there, it is too large):
nothing of that key is handed over behind it, and in later turns the key's first record goes alone until it is taken.
Only what was on its way already when the refusal arrived may stand before it.

After a fatal error the client raises wherever it is asked, and takes nothing any more: then it is replaced, and the
caller repeats from its oldest unmarked row.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from choreography.kafka.config import client_config
from choreography.outbox.pending import Outgoing
from choreography.settings import KafkaConnection

log = structlog.stdlib.get_logger(__name__)

LARGEST_BYTES: Final = 8_000_000  # the broker's and the topic's own limits are what counts
_TURN_SECONDS: Final = 0.1
_GIVE_UP_SECONDS: Final = 10.0
_FATAL: Final = KafkaError._FATAL  # noqa: SLF001 - the client's public names of its own errors begin so
_PURGED: Final = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)  # noqa: SLF001 - the same
_POLLED: Final = 100  # records between two looks at what was delivered
_BROKEN: Final = (KafkaException, SystemError)  # a fatal error inside of a callback surfaces as the latter
Key = tuple[str, bytes | None]


class KafkaProducer:
    """Publishes in order with acknowledgement by all replicas, each record once per session of the producer.

    Args:
        connection: how the cluster is reached.
        client_id: shown in the broker's logs.
    """

    def __init__(self, connection: KafkaConnection | str, client_id: str) -> None:
        self._config: dict[str, Any] = client_config(connection, client_id) | {
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 0,
            "message.timeout.ms": 0,
            "allow.auto.create.topics": False,
            "message.max.bytes": LARGEST_BYTES,
            "topic.metadata.propagation.max.ms": 3_000,  # a topic that is not there by then does not exist
        }
        self._producer: Producer | None = None
        self._refused: set[Key] = set()

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Publish in order; return the rows that the broker acknowledged within 10 seconds."""
        self._producer = self._producer or Producer(self._config, logger=logging.getLogger("librdkafka"))
        turn = _Turn(self._producer, self._refused)
        try:
            turn.hand_over(records)
            is_done = self._producer.flush(_GIVE_UP_SECONDS) == 0
        except _BROKEN as error:
            log.warning("producer.replaced", reason=str(error))
            is_done = False
        if not is_done:
            _end(self._producer)
            self._producer = None
        self._refused = turn.refused
        return turn.acknowledged


class _Turn:
    """What becomes of the records of one call."""

    def __init__(self, producer: Producer, refused: set[Key]) -> None:
        self.acknowledged: set[int] = set()
        self.refused: set[Key] = set()
        self._producer = producer
        self._alone = refused
        self._said: set[tuple[str, str]] = set()

    def hand_over(self, records: Sequence[Outgoing]) -> None:
        """Hand records over, but those of a key that has to wait.

        Raises:
            KafkaException: the producer is broken.
        """
        tried: set[Key] = set()
        for number, record in enumerate(records, 1):
            key = (record.topic, record.key)
            if key in self.refused or key in tried:
                continue
            if key in self._alone:
                tried.add(key)
            self._produce(record, key)
            if number % _POLLED == 0:
                self._producer.poll(0)

    def _produce(self, record: Outgoing, key: Key) -> None:
        told = partial(self._told, record.row, key)
        while True:
            try:
                self._producer.produce(
                    record.topic, key=record.key, value=record.value, headers=list(record.headers), on_delivery=told
                )
            except BufferError:
                self._producer.poll(_TURN_SECONDS)
            except KafkaException as error:  # this record alone: too large, or its topic is not there
                if error.args[0].code() == _FATAL:
                    raise
                self._told(record.row, key, error.args[0], None)
                return
            else:
                return

    def _told(self, row: int, key: Key, error: KafkaError | None, _message: Message | None) -> None:
        if error is None:
            self.acknowledged.add(row)
        elif error.code() not in (_FATAL, *_PURGED):
            self.refused.add(key)
            self._say(row, key[0], error.str())

    def _say(self, row: int, topic: str, reason: str) -> None:
        """Name the first row of each topic and reason: there may be thousands."""
        if (topic, reason) not in self._said:
            self._said.add((topic, reason))
            log.warning("record.not_delivered", row=row, topic=topic, reason=reason)


def _end(producer: Producer) -> None:
    """Take back what is not on its way, and see what becomes of the rest for a moment."""
    with suppress(*_BROKEN):
        producer.purge()
    with suppress(*_BROKEN):
        producer.flush(_TURN_SECONDS)
