"""The watchdog on a real client: it finds a partition that is stuck, and no other."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient, NewTopic

from choreography import Health
from choreography.kafka.config import consumer_config
from choreography.kafka.consumer import KafkaConsumer
from choreography.kafka.offsets import Offsets
from choreography.kafka.watchdog import PartitionStuck, Watchdog
from choreography.wire.record import Record, TopicPartition
from infra.providers import Broker
from tests.shop.live import LIBRDKAFKA, until

pytestmark = pytest.mark.broker
SECONDS, FASTER = 120.0, 20.0  # its time passes faster than ours


class Subscribed:
    """A member that takes what it is told, and reads everything from the beginning."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.offsets: list[int] = []

    def begins(self, given: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(given, 0)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        self.given.set()

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {}

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        pass

    def records(self, batch: Sequence[Record]) -> None:
        self.offsets += [record.offset for record in batch]

    def polled(self) -> None:
        pass


class Watched:
    """A consumer of a topic of its own, with a watchdog."""

    def __init__(self, broker: Broker) -> None:
        self.topic = f"watched-{uuid4().hex}"
        self.servers = broker.bootstrap_servers
        admin = AdminClient({"bootstrap.servers": self.servers}, logger=LIBRDKAFKA)
        admin.create_topics([NewTopic(self.topic, 1, 1)])[self.topic].result(30)
        self.member, self.health = Subscribed(), Health()
        self.ended: Future[None] = Future()
        watchdog = Watchdog(SECONDS, self.health, lambda: time.monotonic() * FASTER)
        config = consumer_config(self.servers, "watched", self.topic, 6_000)
        self.consumer = KafkaConsumer(config, [self.topic], self.member, self._fail, watchdog=watchdog)

    def producer(self, **given: str) -> Producer:
        return Producer({"bootstrap.servers": self.servers, **given}, logger=LIBRDKAFKA)

    def publish(self) -> None:
        producer = self.producer()
        producer.produce(self.topic, b"one")
        assert producer.flush(30) == 0

    def lose_the_partition(self) -> None:
        """Have the client fetch no more, in a way that nobody knows of."""
        lost = threading.Event()

        def order(client: Consumer) -> None:
            client.pause([ClientPartition(self.topic, 0)])
            lost.set()

        self.consumer._orders.append(order)
        assert lost.wait(30)

    def _fail(self, error: BaseException) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)


@pytest.fixture
def watched(broker: Broker) -> Iterator[Watched]:
    one = Watched(broker)
    one.consumer.start()
    yield one
    one.consumer.stop()
    one.consumer.join(30)


@contextmanager
def transaction(watched: Watched) -> Iterator[Producer]:
    producer = watched.producer(**{"transactional.id": watched.topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    yield producer
    producer.flush(30)


async def is_well_for(watched: Watched, seconds: float) -> bool:
    """Whether nothing is found for so many of the watchdog's seconds."""
    over = time.monotonic() + seconds / FASTER
    await until(lambda: watched.ended.done() or time.monotonic() > over)
    return not watched.ended.done()


async def test_a_partition_that_the_client_does_not_fetch_any_more_ends_the_consumer(watched: Watched) -> None:
    watched.publish()
    await until(lambda: len(watched.member.offsets) == 1)

    watched.lose_the_partition()
    watched.publish()
    await until(watched.ended.done)

    with pytest.raises(PartitionStuck, match=f"{watched.topic}:0 yields nothing"):
        watched.ended.result()
    assert watched.topic in str(watched.health.report())


async def test_a_partition_that_we_paused_is_well(watched: Watched) -> None:
    watched.publish()
    await until(lambda: len(watched.member.offsets) == 1)

    watched.consumer.pause([TopicPartition(watched.topic, 0)])
    watched.publish()

    assert await is_well_for(watched, 2 * SECONDS)
    watched.consumer.resume([TopicPartition(watched.topic, 0)])
    await until(lambda: len(watched.member.offsets) == 2)


async def test_the_marker_at_the_end_of_a_transaction_is_no_record_to_wait_for(watched: Watched) -> None:
    with transaction(watched) as producer:
        producer.produce(watched.topic, b"one")
    await asyncio.to_thread(producer.commit_transaction, 30)
    await until(lambda: len(watched.member.offsets) == 1)

    assert await is_well_for(watched, 2 * SECONDS)


async def test_records_of_a_transaction_that_was_aborted_are_none_to_wait_for(watched: Watched) -> None:
    with transaction(watched) as producer:
        producer.produce(watched.topic, b"one")
    await asyncio.to_thread(producer.abort_transaction, 30)

    assert await is_well_for(watched, 2 * SECONDS)


async def test_a_transaction_that_is_still_open_is_waited_for(watched: Watched) -> None:
    with transaction(watched) as producer:
        producer.produce(watched.topic, b"one")

    assert await is_well_for(watched, 2 * SECONDS)
    await asyncio.to_thread(producer.commit_transaction, 30)
    await until(lambda: len(watched.member.offsets) == 1)
