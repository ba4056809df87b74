"""Topics as any foreign reader sees them: plain consumer, registry, Avro; and a writer of raw records."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from json import loads
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from fastavro import parse_schema, schemaless_reader

from choreography.kafka.consumer import record_of
from choreography.wire.record import Record
from infra.admin import admin_client
from tests.e2e.progress import end_offsets
from tests.e2e.waiting import eventually

_LOGGER: Final = logging.getLogger("librdkafka")
_FRAME: Final = 5  # the magic byte and the schema id
_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Fact:
    """A record that states something; `fields` is its decoded value."""

    record: Record
    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The type without namespace and version, such as `ManagerNotified`."""
        return name_of(self.record)

    @property
    def case_id(self) -> str:
        """The case that it is about."""
        return self.record.header("ce_subject") or ""

    @property
    def event_id(self) -> str:
        """The same for every copy of one fact."""
        return self.record.header("ce_id") or ""


def name_of(record: Record) -> str:
    """Return the type of what a record states, such as `ManagerNotified`, by its header alone."""
    return (record.header("ce_type") or "..").split(".")[-2]


class Topics:
    """Some topics, read from their beginning; what was read once is kept."""

    def __init__(self, bootstrap_servers: str, registry_url: str, names: Iterable[str]) -> None:
        config = {"bootstrap.servers": bootstrap_servers, "reconnect.backoff.max.ms": 500}
        reader = {"group.id": "e2e", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
        self._servers = bootstrap_servers
        self._consumer = Consumer({**config, **reader}, logger=_LOGGER)
        self._producer = Producer({**config, "partitioner": "murmur2_random"}, logger=_LOGGER)
        self._registry = SchemaRegistryClient({"url": registry_url, "timeout": _SECONDS})
        self._schemas: dict[int, Any] = {}
        self._records: list[Record] = []
        self._reached: dict[tuple[str, int], int] = {}
        self._partitions = [
            TopicPartition(name, number, 0)
            for name in names
            for number in self._consumer.list_topics(name, _SECONDS).topics[name].partitions
        ]
        self._consumer.assign(self._partitions)

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
        self._registry.close()

    def ends(self) -> dict[tuple[str, int], int]:
        """Return how far each partition goes.

        Raises:
            KafkaException: the broker is away.
        """
        return end_offsets(admin_client(self._servers), self._partitions)

    def so_far(self) -> list[Record]:
        """Return what has been read, after taking what is there at this moment; never waits long."""
        for message in self._consumer.consume(500, 0.02):
            if message.error() is None:
                record = record_of(message)
                self._records.append(record)
                self._reached[record.at] = record.offset + 1
        return self._records

    def read(self) -> list[Record]:
        """Return everything up to the present end of the topics."""
        ends = {at: end for at, end in self.ends().items() if end}

        def all_there() -> bool:
            self.so_far()
            return all(self._reached.get(at, 0) >= end for at, end in ends.items())

        eventually(all_there, f"all records up to {ends}", lambda: self._reached)
        return self._records

    def fact(self, record: Record) -> Fact:
        """Decode a record."""
        value = record.value or b""
        schema_id = int.from_bytes(value[1:_FRAME])
        if schema_id not in self._schemas:
            schema = self._registry.get_schema(schema_id).schema_str
            self._schemas[schema_id] = parse_schema(loads(schema or ""))
        fields = schemaless_reader(BytesIO(value[_FRAME:]), self._schemas[schema_id], None)
        assert isinstance(fields, dict)
        return Fact(record, fields)

    def publish(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any = (), partition: int = -1
    ) -> int:
        """Publish raw bytes and return the partition that they went to."""
        reached: list[int | None] = []
        self._producer.produce(
            topic,
            key=key,
            value=value,
            headers=list(headers),
            partition=partition,
            on_delivery=lambda error, message: reached.append(None if error else message.partition()),
        )
        left = self._producer.flush(_SECONDS)
        if left or reached[0] is None:
            raise KafkaException(f"A record for {topic} was not accepted.")
        return reached[0]

    def publish_again(self, record: Record) -> None:
        """Publish the same bytes, key and headers to the same partition."""
        self.publish(record.topic, record.key, record.value, record.headers, record.partition)
