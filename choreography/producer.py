"""The idempotent producer, used by the relay's thread alone."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from choreography.client import KafkaConnection, client_config
from choreography.relay import Outgoing

log = structlog.stdlib.get_logger(__name__)

LARGEST_BYTES: Final = 8_000_000  # the broker's and the topic's own limits are what counts
Delivered = Callable[[int, KafkaError | None], None]
_TURN_SECONDS: Final = 0.1
_GIVE_UP_SECONDS: Final = 10.0


class KafkaProducer:
    """Publishes in order with acknowledgement by all replicas, each record once per session of the producer.

    After a fatal error the next call begins with a new producer; the caller repeats from its oldest unmarked row.

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
        }
        self._producer: Producer | None = None

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Publish in order; return the rows that the broker acknowledged within 10 seconds."""
        if self._producer is None:
            self._producer = Producer(self._config, logger=logging.getLogger("librdkafka"))
        producer = self._producer
        acknowledged: set[int] = set()
        fatal = False

        def delivered(row: int, error: KafkaError | None) -> None:
            nonlocal fatal
            if error is None:
                acknowledged.add(row)
            else:
                fatal = fatal or error.fatal()
                log.warning("record.not_delivered", row=row, reason=error.str())

        for record in records:
            try:
                self._produce(producer, record, delivered)
            except KafkaException as error:  # this record alone: too large, or its topic is not there
                delivered(record.row, error.args[0])
        if producer.flush(_GIVE_UP_SECONDS) > 0 or fatal:
            producer.purge()
            producer.flush(_TURN_SECONDS)
            self._producer = None
        return acknowledged

    def _produce(self, producer: Producer, record: Outgoing, delivered: Delivered) -> None:
        while True:
            try:
                producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    on_delivery=_told(delivered, record.row),
                )
            except BufferError:
                producer.poll(_TURN_SECONDS)
            else:
                producer.poll(0)
                return


def _told(delivered: Delivered, row: int) -> Callable[[KafkaError | None, Message], None]:
    def tell(error: KafkaError | None, _message: Message) -> None:
        delivered(row, error)

    return tell
