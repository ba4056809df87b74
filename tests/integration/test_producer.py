"""The producer on a real broker: what it refuses, and what becomes of the others."""

import logging
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from choreography.outbox.pending import Outgoing
from choreography.outbox.producer import KafkaProducer
from infra.providers import Broker

pytestmark = pytest.mark.broker
LARGE = bytes(5_000)
LIBRDKAFKA = logging.getLogger("librdkafka")
MakeTopic = Callable[[], str]


@pytest.fixture
def make_topic(broker: Broker) -> MakeTopic:
    """Make a topic of one partition that takes records of up to 2,000 bytes."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers}, logger=LIBRDKAFKA)

    def make() -> str:
        name = f"shop.{uuid4().hex}.v1"
        topic = NewTopic(name, 1, 1, config={"max.message.bytes": "2000"})
        for made in admin.create_topics([topic]).values():
            made.result()
        return name

    return make


@pytest.fixture
def producer(broker: Broker) -> KafkaProducer:
    return KafkaProducer(broker.bootstrap_servers, "shop")


def outgoing(topic: str, *records: tuple[bytes, bytes]) -> list[Outgoing]:
    return [Outgoing(row, topic, key, value, []) for row, (key, value) in enumerate(records, 1)]


def read(broker: Broker, topic: str) -> Iterator[bytes | None]:
    config = {"bootstrap.servers": broker.bootstrap_servers, "group.id": "none", "enable.partition.eof": True}
    consumer = Consumer(config, logger=LIBRDKAFKA)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while (message := consumer.poll(30)) is not None and message.error() is None:
            yield message.value()
    finally:
        consumer.close()


def test_a_record_that_the_broker_refuses_holds_back_its_key_and_nobody_else(
    broker: Broker, producer: KafkaProducer, make_topic: MakeTopic
) -> None:
    narrow, other = make_topic(), make_topic()
    producer.publish(outgoing(other, (b"warm", b"up")))
    refused = [Outgoing(1, narrow, b"a", LARGE, []), Outgoing(2, narrow, b"a", b"2", [])]
    taken = [Outgoing(3, other, b"a", b"3", []), Outgoing(4, other, b"b", b"4", [])]

    first = producer.publish([*refused, *taken])
    again = [producer.publish([*refused, Outgoing(5 + turn, other, b"c", b"c", [])]) for turn in range(3)]

    assert first - {2} == {3, 4}
    assert again == [{5}, {6}, {7}]
    assert list(read(broker, narrow)) in ([], [b"2"])  # on its way already, if at all, and once

    mended = producer.publish([Outgoing(1, narrow, b"a", b"1", []), Outgoing(2, narrow, b"a", b"2", [])])
    mended |= producer.publish([Outgoing(2, narrow, b"a", b"2", [])])
    assert mended == {1, 2}


def test_a_topic_that_is_not_there_keeps_nobody_waiting_for_long(
    producer: KafkaProducer, make_topic: MakeTopic
) -> None:
    there, missing = make_topic(), f"shop.{uuid4().hex}.v1"
    records = [*outgoing(missing, (b"a", b"1"), (b"a", b"2")), Outgoing(3, there, b"a", b"3", [])]

    assert producer.publish(records) == {3}
    before = producer._producer
    assert producer.publish(records) == {3}

    assert before is not None
    assert producer._producer is before


def test_a_producer_that_is_broken_is_replaced_and_all_goes_on(
    broker: Broker, producer: KafkaProducer, make_topic: MakeTopic
) -> None:
    topic = make_topic()
    producer._config["enable.gapless.guarantee"] = True  # what breaks it, here: a refusal is fatal then
    producer.publish(outgoing(topic, (b"warm", b"up")))
    broken = producer._producer

    assert producer.publish(outgoing(topic, (b"a", LARGE), (b"b", b"2"))) == set()
    assert producer._producer is not broken
    assert producer.publish(outgoing(topic, (b"b", b"2"), (b"c", b"3"))) == {1, 2}
    assert list(read(broker, topic)) == [b"up", b"2", b"3"]
