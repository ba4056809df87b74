"""One suite for every place where Kafka and the registry may come from."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError

from infra.errors import Unreachable, WrongUsage
from infra.progress import Silence
from infra.providers import Broker
from infra.providers.choice import BrokerChoice, provider
from infra.providers.local import LocalBroker
from infra.providers.own import OwnCluster

pytestmark = pytest.mark.broker

BIN = Path(__file__).parents[2] / "infra" / "bin"
FIELD = {"name": "employee_id", "type": "string"}


def own_cluster(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The session's broker, reached as a cluster of one's own is: by its addresses alone."""
    yield OwnCluster(request.getfixturevalue("broker")).start(Silence())


def local(request: pytest.FixtureRequest) -> Iterator[Broker]:
    yield request.getfixturevalue("broker")


@pytest.fixture(scope="module", params=[local, own_cluster], ids=lambda one: str(one.__name__))
def provided(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A broker of each kind."""
    opened: Callable[[pytest.FixtureRequest], Iterator[Broker]] = request.param
    yield from opened(request)


@pytest.fixture
def topic(provided: Broker) -> str:
    """A topic of this test alone."""
    name = f"test.{uuid4().hex}.v1"
    admin = AdminClient({"bootstrap.servers": provided.bootstrap_servers})
    admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])[name].result(30)
    return name


def test_what_is_written_can_be_read(provided: Broker, topic: str) -> None:
    producer = Producer({"bootstrap.servers": provided.bootstrap_servers, "enable.idempotence": True})
    producer.produce(topic, key=b"E-1", value=b"resigned")
    assert producer.flush(30) == 0

    consumer = Consumer(
        {"bootstrap.servers": provided.bootstrap_servers, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    record = consumer.poll(30)
    consumer.close()

    assert record is not None
    assert (record.key(), record.value()) == (b"E-1", b"resigned")


def test_a_topic_that_nobody_created_does_not_come_into_being(provided: Broker) -> None:
    failures: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": provided.bootstrap_servers, "topic.metadata.propagation.max.ms": 0})
    producer.produce(f"test.{uuid4().hex}.typo", value=b"x", on_delivery=lambda error, _record: failures.append(error))
    producer.flush(30)

    assert [error.code() for error in failures if error] == [KafkaError.UNKNOWN_TOPIC_OR_PART]


def test_a_schema_keeps_its_id_and_an_incompatible_one_is_refused(provided: Broker) -> None:
    registry = SchemaRegistryClient({"url": provided.registry_url, "timeout": 30})
    subject, name = f"test-{uuid4().hex}", f"Fact{uuid4().hex}"

    first = registry.register_schema(subject, _schema(name, FIELD))
    registry.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL_TRANSITIVE))
    again = registry.register_schema(subject, _schema(name, FIELD))
    elsewhere = registry.register_schema(f"{subject}-2", _schema(name, FIELD))
    with pytest.raises(SchemaRegistryError) as refused:
        registry.register_schema(subject, _schema(name, FIELD, {"name": "no_default", "type": "string"}))
    registry.close()

    assert first == again == elsewhere
    assert refused.value.http_status_code == 409


def test_kafkas_own_console_tools_see_it_from_any_directory(provided: Broker, topic: str, tmp_path: Path) -> None:
    link = tmp_path / "topics"
    link.symlink_to(BIN / "kafka-topics.sh")
    command = [str(link), "--bootstrap-server", provided.bootstrap_servers, "--describe", "--topic", topic]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "PartitionCount: 3" in done.stdout
    assert done.stderr == ""


def test_a_cluster_that_does_not_answer_is_said_so(free_port: int) -> None:
    cluster = OwnCluster(Broker(f"127.0.0.1:{free_port}", "http://127.0.0.1:1"), seconds=0.5)

    with pytest.raises(Unreachable, match=rf"No Kafka broker answers at 127.0.0.1:{free_port}.*nothing can be started"):
        cluster.start(Silence())


def test_half_a_cluster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="needs both EMS_KAFKA_BOOTSTRAP_SERVERS and EMS_SCHEMA_REGISTRY_URL"):
        provider(None, tmp_path, {"EMS_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}, {})


def test_a_cluster_named_by_the_environment_is_used_unless_another_is_asked_for(tmp_path: Path) -> None:
    named = {"EMS_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "EMS_SCHEMA_REGISTRY_URL": "http://registry"}

    assert isinstance(provider(None, tmp_path, {}, {}), LocalBroker)
    assert isinstance(provider(None, tmp_path, named, {}), OwnCluster)
    assert isinstance(provider(None, tmp_path, {}, {}), OwnCluster), "the next command finds it, too"
    assert isinstance(provider(BrokerChoice.LOCAL, tmp_path, named, {}), LocalBroker)


def _schema(name: str, *fields: dict[str, str]) -> Schema:
    return Schema(json.dumps({"type": "record", "name": name, "namespace": "test", "fields": fields}), "AVRO")
