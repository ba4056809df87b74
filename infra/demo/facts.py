"""What was stated, read from Kafka's topics by whoever looks on: without a group, by headers alone."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from choreography.kafka.consumer import record_of
from choreography.wire.headers import Envelope

_SECONDS: Final = 1.0
_LOOK: Final = 0.05  # seconds
_BATCH: Final = 500
_SOURCE: Final = "ce_source"

_SILENT: Final = logging.getLogger("infra.demo.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True)
class Fact:
    """A record, as its headers describe it.

    Attributes:
        service: who stated it: the last part of the source, such as `hr` of `/ems/hr`.
        type: the name of the event.
        version: the version of the case, or of what the fact answers.
        stated: when it was handed to Kafka, in seconds since 1970.
    """

    id: UUID
    service: str
    type: str
    case_id: UUID
    version: int
    stated: float


class Facts:
    """Everything on some topics, from their beginning; goes on by itself after the broker was away.

    Args:
        bootstrap_servers: where the broker is.
        topics: their names.
    """

    def __init__(self, bootstrap_servers: str, topics: Iterable[str]) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "ems-demo",  # asked for by the client; nothing joins it and nothing is committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "reconnect.backoff.max.ms": 1000,
            },
            logger=_SILENT,
        )
        self._topics = frozenset(topics)
        self._seen: dict[UUID, Fact] = {}
        self._begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._consumer.close()

    def about(self, case_id: UUID, version: int) -> tuple[Fact, ...]:
        """Look for a moment, and return what has been stated about this version of a case so far, by time."""
        first = self._consumer.poll(_LOOK) if self._is_begun() else None
        if first is not None:
            for fact in map(_fact, (first, *self._consumer.consume(_BATCH, 0))):
                if fact is not None:
                    self._seen.setdefault(fact.id, fact)
        found = (fact for fact in self._seen.values() if (fact.case_id, fact.version) == (case_id, version))
        return tuple(sorted(found, key=lambda fact: fact.stated))

    def _is_begun(self) -> bool:
        """Begin to read, unless that is done or the broker is away."""
        if not self._begun:
            try:
                known = self._consumer.list_topics(timeout=_SECONDS).topics
            except KafkaException:
                return False
            partitions = ((name, number) for name in self._topics for number in known[name].partitions)
            self._consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for name, number in partitions])
            self._begun = True
        return self._begun


def _fact(message: Message) -> Fact | None:
    """Return the fact in a message; `None` for a notice that the broker is away, and for what is no fact."""
    if message.error() is not None:
        return None
    record = record_of(message)
    envelope = Envelope.of(record)
    if envelope.id is None or envelope.type is None or envelope.subject is None or envelope.sequence is None:
        return None
    return Fact(
        id=envelope.id,
        service=(record.header(_SOURCE) or "").rpartition("/")[2],
        type=envelope.type.split(".")[-2],
        case_id=envelope.subject,
        version=envelope.sequence,
        stated=record.timestamp_ms / 1000,
    )
