"""The shop on a real broker: a system of its own for each test, so that tests share one broker."""

import asyncio
import json
import logging
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient

from choreography import Event, Service, ServiceSettings, Topic
from choreography.database.database import Database
from choreography.kafka.consumer import record_of
from choreography.outbox.deadletter import dead_letters_of
from choreography.process.serving import serve
from choreography.records import REACTIONS, RECORDS, SERVICES
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event
from choreography.wire.record import Record
from choreography.wire.registry import Schemas
from choreography.wire.registry import metadata as registry_tables
from choreography.wire.schema_client import ConfluentRegistry
from choreography.wire.subject import Subject
from infra.deploy import deploy
from infra.inventory import Inventory
from infra.providers import Broker
from tests.shop.facts import OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked, of_system

K = TypeVar("K", bound=Event)
OK = 200
LIBRDKAFKA = logging.getLogger("librdkafka")


class LiveShop:
    """One system's topics and schemas on a real broker.

    Args:
        broker: where they are.
        folder: the state directory of its services.
        login: what this client itself adds to the settings of its Kafka clients.
    """

    def __init__(self, broker: Broker, folder: Path, login: Mapping[str, str] | None = None) -> None:
        self._login = dict(login or {})
        self.system = f"shop-{uuid4().hex[:8]}"
        self.broker = broker
        self.folder = folder
        self.placed = of_system(OrderPlaced, self.system)
        self.cancelled = of_system(OrderCancelled, self.system)
        self.packed = of_system(ParcelPacked, self.system)
        self.unpacked = of_system(ParcelUnpacked, self.system)
        self.group = f"{self.system}.warehouse"
        self.dead_letters = f"{self.group}.dlq.v1"
        self._registry = ConfluentRegistry(broker.registry_url)
        self._database = Database(f"sqlite:///{folder / 'reader.db'}")
        self.reconnect()
        self._codec: Codec | None = None
        self.kinds: tuple[type[Event], ...] = (self.placed, self.cancelled, self.packed, self.unpacked)

    def reconnect(self) -> None:
        """Take a new producer, which knows the topics as they are now."""
        config = {
            "bootstrap.servers": self.broker.bootstrap_servers,
            "partitioner": "murmur2_random",
            "message.max.bytes": 2_000_000,
            **self._login,
        }
        self._producer = Producer(config, logger=LIBRDKAFKA)

    def deploy(self, partitions: int = 6) -> None:
        kit = [REACTIONS.of(self.system), SERVICES.of(self.system)]
        facts = [replace(topic, partitions=partitions) for topic in (self.placed.topic, self.packed.topic)]
        letters = dead_letters_of(self.group)
        subjects = [Subject.of(kind.topic, kind) for kind in self.kinds]
        subjects += [Subject.of(kind.topic.of(self.system), kind) for kind in RECORDS]
        deploy(self.broker, Inventory((*facts, *kit, letters), tuple(subjects)))

    def settings(self, **given: Any) -> ServiceSettings:
        return ServiceSettings(
            kafka_bootstrap_servers=self.broker.bootstrap_servers,
            schema_registry_url=self.broker.registry_url,
            state_dir=self.folder,
            session_timeout_ms=6_000,
            drain_seconds=10,
            **given,
        )

    @asynccontextmanager
    async def serving(self, service: Service[Any], ports: Any, **given: Any) -> AsyncIterator[int]:
        """Run a service; yield its health port once it is ready; on leaving, stop it as SIGTERM does."""
        stop, port = asyncio.Event(), free_port()

        @asynccontextmanager
        async def open_ports(_settings: ServiceSettings) -> AsyncIterator[Any]:
            yield ports

        task = asyncio.create_task(serve(service, open_ports, self.settings(health_port=port, **given), stop))
        try:
            await until(lambda: task.done() or ask(port, "/readyz")[0] == OK)
            yield port
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)

    async def codec(self) -> Codec:
        """Return a codec that knows every schema of this system."""
        if self._codec is not None:
            return self._codec
        self._database.create(registry_tables)
        schemas = Schemas(self._registry, self._database)
        kinds: list[tuple[Topic, type[Event]]] = [(kind.topic, kind) for kind in self.kinds]
        await schemas.prepare([*kinds, *((kind.topic.of(self.system), kind) for kind in RECORDS)])
        self._codec = Codec(schemas)
        return self._codec

    def close(self) -> None:
        self._registry.close()
        self._database.close()

    async def publish(self, *events: Event) -> None:
        codec = await self.codec()
        for event in events:
            value = codec.encode(event, event.topic)
            headers = cloud_event(event, event.topic, source="/test", causation=None)
            self.publish_raw(event.topic.name, event.key.encode(), value, headers)

    def publish_raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        self._producer.produce(topic, key=key, value=value, headers=list(headers))
        assert self._producer.flush(30) == 0

    def read(self, topic: str) -> list[Record]:
        """Return everything on a topic, partition by partition."""
        consumer = self._reader("nobody")
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            return [record for number in partitions for record in _read_partition(consumer, topic, number)]
        finally:
            consumer.close()

    async def stated(self, kind: type[K], topic: Topic | None = None) -> list[K]:
        """Return the events of one type on a topic."""
        codec = await self.codec()
        records = await asyncio.to_thread(self.read, (topic or kind.topic).name)
        found = [await codec.decode(record.value, {kind.full_name(): kind}, topic=record.topic) for record in records]
        return [event for event in found if isinstance(event, kind)]

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return the committed offsets of a group, by partition."""
        consumer = self._reader(group)
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            asked = [ClientPartition(topic, number) for number in partitions]
            return {one.partition: one.offset for one in consumer.committed(asked, timeout=10) if one.offset >= 0}
        finally:
            consumer.close()

    def members(self) -> int:
        """Return how many members the group has now; none where a young broker cannot tell yet."""
        admin = AdminClient({"bootstrap.servers": self.broker.bootstrap_servers}, logger=LIBRDKAFKA)
        try:
            return len(admin.describe_consumer_groups([self.group])[self.group].result(10).members)
        except KafkaException:
            return 0

    def _reader(self, group: str) -> Consumer:
        where = {"bootstrap.servers": self.broker.bootstrap_servers, "group.id": group, **self._login}
        return Consumer({**where, "enable.auto.commit": False}, logger=LIBRDKAFKA)


def _read_partition(consumer: Consumer, topic: str, number: int) -> list[Record]:
    low, high = consumer.get_watermark_offsets(ClientPartition(topic, number), timeout=10)
    consumer.assign([ClientPartition(topic, number, low)])
    found: list[Record] = []
    while len(found) < high - low:
        message = consumer.poll(10)
        assert message is not None, f"{topic}:{number} ended early"
        assert message.error() is None
        found.append(record_of(message))
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def ask(port: int, path: str) -> tuple[int, dict[str, Any]]:
    """Ask a service's health; the status is 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except OSError:
        return 0, {}


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; fail at the deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
