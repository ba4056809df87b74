"""The topics that the rows read: orders, encoded as the kit does, produced as fast as the broker takes them."""

import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.kit.words import ORDERS, order
from choreography import Event, Topic
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event
from infra.errors import InfraError

SILENT: Final = logging.getLogger("benchmarks.librdkafka")
SOURCE: Final = "/bench/shop"
_SECONDS: Final = 60.0
_TURN: Final = 1_000
Delivered = Callable[[KafkaError | None, Message], None]


class Raw(NamedTuple):
    """What is produced."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes | None]]

    @classmethod
    def of(cls, codec: Codec, event: Event, topic: Topic = ORDERS) -> "Raw":
        """Encode an event."""
        headers = cloud_event(event, topic, source=SOURCE, causation=None)
        return cls(event.key.encode(), codec.encode(event, topic), headers)


def fill(
    bootstrap_servers: str, codec: Codec, *, topic: str, number: int, customers: int, told: Callable[[int], None]
) -> None:
    """Produce so many orders onto a topic; `told` hears how many there are so far.

    Raises:
        InfraError: the broker did not take one.
    """
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error)

    config = {"bootstrap.servers": bootstrap_servers, "linger.ms": 20, "partitioner": "murmur2_random"}
    producer = Producer(config, logger=SILENT)
    for one in range(number):
        produce(producer, topic, Raw.of(codec, order(one, customers)), delivered)
        if one % _TURN == 0:
            told(one)
    if producer.flush(_SECONDS) > 0 or refused:
        raise InfraError(f"The broker did not take every order: {refused[0].str() if refused else 'it was too slow'}.")


def ignore(_error: KafkaError | None, _message: Message) -> None:
    """Take no note of a delivery."""


def produce(producer: Producer, topic: str, raw: Raw, delivered: Delivered = ignore) -> None:
    """Produce a record; wait while the producer's queue is full."""
    while True:
        try:
            producer.produce(topic, key=raw.key, value=raw.value, headers=list(raw.headers), on_delivery=delivered)
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
