"""What a cluster says about itself before anything is read or written: topics, rights, limits, members of a group."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConfigResource, ResourceType

from choreography.database.addresses import addresses_towards, plain
from choreography.errors import InvalidSettings, NoAnswer
from choreography.kafka.config import client_config
from choreography.settings import KafkaConnection

R = TypeVar("R")

ASK_SECONDS: Final = 5.0
_FIRST_SECONDS: Final = 2.0  # a process that is told to stop meanwhile waits for it
_SILENT: Final = logging.getLogger("choreography.kafka.cluster")  # each attempt to connect would be a line otherwise
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_REFUSED: Final = (
    "KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SASL_MECHANISM: the cluster refuses these credentials ({}). "
    "Set those of a user that it knows."
)
_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART})
_FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


@dataclass(frozen=True)
class Access:
    """What this client may do with a topic or a group.

    Attributes:
        exists: whether it is there, as far as this client can see.
        allowed: the operations, such as `READ`.
    """

    exists: bool = True
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClusterSeen:
    """What a cluster said.

    Attributes:
        topics: for each topic that was asked for.
        group: what may be done with the group; `None` where none was asked for.
        hosts: the addresses of the group's members.
        config: the configuration of a broker; empty where this client may not see it.
        own: the addresses under which the cluster may see this process.
    """

    topics: Mapping[str, Access] = field(default_factory=dict)
    group: Access | None = None
    hosts: frozenset[str] = frozenset()
    config: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()


class Cluster(Protocol):
    """What can be asked."""

    def look(self, topics: Sequence[str], group: str | None) -> ClusterSeen:
        """Ask; may take a while.

        Raises:
            NoAnswer: the cluster is away.
            InvalidSettings: it refuses the credentials.
        """
        ...


class KafkaCluster:
    """A real cluster.

    Args:
        connection: how it is reached.
        client_id: shown in the broker's logs.
    """

    def __init__(self, connection: KafkaConnection, client_id: str) -> None:
        self._errors: dict[int, KafkaError] = {}
        config: dict[str, Any] = client_config(connection, client_id) | {"error_cb": _noted(self._errors)}
        self._admin = AdminClient(config, logger=_SILENT)

    def look(self, topics: Sequence[str], group: str | None) -> ClusterSeen:
        """Ask; may take a while."""
        try:
            brokers = self._admin.list_topics(timeout=_FIRST_SECONDS).brokers.values()
            access, hosts = self._group(group) if group else (None, frozenset[str]())
            return ClusterSeen(
                topics=self._topics(topics),
                group=access,
                hosts=hosts,
                config=self._config(min(broker.id for broker in brokers)),
                own=frozenset(address for broker in brokers for address in addresses_towards(str(broker.host))),
            )
        except KafkaException as error:
            raise self._reason(error.args[0]) from error

    def members(self, group: str) -> frozenset[str]:
        """Return the ids of a group's members.

        Raises:
            NoAnswer: the cluster is away, or does not tell.
        """
        try:
            asked = self._admin.describe_consumer_groups([group], request_timeout=_FIRST_SECONDS)[group]
            return frozenset(member.member_id for member in asked.result(ASK_SECONDS).members)
        except (KafkaException, TimeoutError) as error:
            raise NoAnswer(f"Nobody says who is in {group}.") from error

    def _topics(self, names: Sequence[str]) -> dict[str, Access]:
        asked = self._admin.describe_topics(
            TopicCollection(list(names)), include_authorized_operations=True, request_timeout=ASK_SECONDS
        )
        return {name: _access(answer) for name, answer in asked.items()}

    def _group(self, name: str) -> tuple[Access, frozenset[str]]:
        asked = self._admin.describe_consumer_groups(
            [name], include_authorized_operations=True, request_timeout=ASK_SECONDS
        )[name]
        access = _access(asked)
        members = asked.result().members if access.exists and access.allowed else ()
        return access, frozenset(plain(member.host.lstrip("/")) for member in members)

    def _config(self, broker: int) -> dict[str, str]:
        resource = ConfigResource(ResourceType.BROKER, str(broker))
        found = _allowed(self._admin.describe_configs([resource], request_timeout=ASK_SECONDS)[resource])
        return {name: str(entry.value) for name, entry in (found or {}).items() if entry.value is not None}

    def _reason(self, error: KafkaError) -> NoAnswer | InvalidSettings:
        self._admin.poll(0)  # has the client tell what it knows beside
        errors = dict(self._errors)
        self._errors.clear()
        refused = errors.get(KafkaError._AUTHENTICATION)  # noqa: SLF001 - the client's public names
        if refused is not None:
            return InvalidSettings((_REFUSED.format(refused.str()),))
        encrypted = errors.get(KafkaError._SSL)  # noqa: SLF001
        return NoAnswer(f"The cluster does not answer ({(encrypted or error).str()}).")


def _noted(errors: dict[int, KafkaError]) -> Callable[[KafkaError], None]:
    """Return what notes errors; it knows nobody else, so that the client ends as soon as it is not needed."""

    def note(error: KafkaError) -> None:
        errors[error.code()] = error

    return note


def _access(answer: "Future[Any]") -> Access:
    try:
        found = answer.result(ASK_SECONDS)
    except KafkaException as error:
        if error.args[0].code() in _MISSING:
            return Access(exists=False)
        if error.args[0].code() in _FORBIDDEN:
            return Access()
        raise
    operations: Sequence[AclOperation] = found.authorized_operations or ()
    return Access(allowed=frozenset(operation.name for operation in operations))


def _allowed(answer: "Future[R]") -> R | None:
    try:
        return answer.result(ASK_SECONDS)
    except KafkaException as error:
        if error.args[0].code() in _FORBIDDEN:
            return None
        raise
