"""The deploy step: create what topics are missing and register the schemas, on any cluster, as often as one likes.

A topic's number of partitions is never changed: keys would move to other partitions, and order per employee be lost.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic
from confluent_kafka.schema_registry import ConfigCompatibilityLevel, Schema, SchemaRegistryClient, ServerConfig
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError

from choreography import Topic
from choreography.wire.subject import Subject
from infra.admin import admin_client
from infra.errors import InfraError, Refused
from infra.inventory import Inventory
from infra.providers import Broker

_SECONDS: Final = 30.0
_COPIES: Final = 3  # of each record, where there are as many brokers
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404


class DeployFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """Topics or schemas could not be brought to the cluster."""


@dataclass(frozen=True)
class Deployed:
    """What the deploy step did.

    Attributes:
        created: topics that did not exist.
        registered: subjects whose schema was not registered.
        unchanged: how many topics and schemas stood already.
        warnings: what differs and was left alone, each with what it means.
    """

    created: tuple[str, ...]
    registered: tuple[str, ...]
    unchanged: int
    warnings: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One sentence."""
        return (
            f"Created {len(self.created)} topics, registered {len(self.registered)} schemas; "
            f"{self.unchanged} stood already."
        )


def deploy(broker: Broker, wanted: Inventory) -> Deployed:
    """Bring topics and schemas to a cluster.

    Raises:
        Refused: a schema is not compatible with what was registered before.
        DeployFailed: the broker or the registry does not do its part.
    """
    created, warnings = _create_topics(broker.bootstrap_servers, wanted.topics)
    registered = _register_schemas(broker.registry_url, wanted.subjects)
    total = len(wanted.topics) + len(wanted.subjects)
    return Deployed(created, registered, total - len(created) - len(registered), warnings)


def _create_topics(bootstrap_servers: str, wanted: Iterable[Topic]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the topics that were created, and a warning for each that stands with another number of partitions."""
    admin = admin_client(bootstrap_servers)
    try:
        cluster = admin.list_topics(timeout=_SECONDS)
        copies = min(_COPIES, len(cluster.brokers))
        missing = [_new(topic, copies) for topic in wanted if topic.name not in cluster.topics]
        asked = admin.create_topics(missing, request_timeout=_SECONDS) if missing else {}
        created = tuple(name for name, answer in asked.items() if _is_new(answer))
    except KafkaException as error:
        raise DeployFailed(
            f"The topics could not be created on {bootstrap_servers}: {error}. "
            "Mend that and run the same command again."
        ) from error
    standing = {topic: len(cluster.topics[topic.name].partitions) for topic in wanted if topic.name in cluster.topics}
    return created, tuple(_warning(topic, count) for topic, count in standing.items() if count != topic.partitions)


def _new(topic: Topic, copies: int) -> NewTopic:
    config = {"cleanup.policy": topic.cleanup, "retention.ms": str(topic.retention_ms)}
    if topic.max_message_bytes is not None:
        config["max.message.bytes"] = str(topic.max_message_bytes)
    if copies >= _COPIES:
        config["min.insync.replicas"] = str(copies - 1)
    return NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=copies, config=config)


def _is_new(answer: "Future[None]") -> bool:
    try:
        answer.result(_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:  # another deploy step was faster
            return False
        raise
    return True


def _warning(topic: Topic, found: int) -> str:
    return (
        f"{topic.name} has {found} partitions and is declared with {topic.partitions}. It was left as it is, because "
        "keys would move and the order of each employee's facts be lost. Declare what it has."
    )


def _register_schemas(url: str, wanted: Iterable[Subject]) -> tuple[str, ...]:
    """Return the subjects whose schema was not registered yet."""
    client = SchemaRegistryClient({"url": url, "timeout": _SECONDS})
    try:
        return tuple(subject.name for subject in wanted if _register(client, subject))
    except (SchemaRegistryError, HTTPError) as error:
        raise DeployFailed(
            f"The schemas could not be registered at {url}: {error}. Mend that and run the same command again."
        ) from error
    finally:
        client.close()


def _register(client: SchemaRegistryClient, subject: Subject) -> bool:
    schema = Schema(subject.schema, "AVRO")
    try:
        client.lookup_schema(subject.name, schema)
    except SchemaRegistryError as error:
        if error.http_status_code != _NOT_FOUND:
            raise
    else:
        return False
    is_new = not _demands_compatibility(client, subject)
    try:
        client.register_schema(subject.name, schema)
        if is_new:  # some registries know no level for what has no version yet
            _demands_compatibility(client, subject)
    except SchemaRegistryError as error:
        if error.http_status_code != _CONFLICT:
            raise
        raise Refused(
            f"The schema of {subject.name} is not compatible with its earlier versions, so it was not registered: old "
            "records could not be read any more. Give each new field a default, and neither rename nor remove one "
            "without a default."
        ) from error
    return True


def _demands_compatibility(client: SchemaRegistryClient, subject: Subject) -> bool:
    """Have every version of this subject of ours read every other; return whether the registry knows the subject.

    A registry accepts everything until it is told otherwise, and what it holds of others is none of ours.
    """
    try:
        client.set_config(subject.name, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL_TRANSITIVE))
    except SchemaRegistryError as error:
        if error.http_status_code != _NOT_FOUND:
            raise
        return False
    return True
