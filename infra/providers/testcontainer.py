"""Kafka and the registry as test containers: for tests, where a container engine is there."""

from contextlib import ExitStack
from time import monotonic, sleep
from typing import Final

from testcontainers.core.container import DockerContainer

from infra.errors import InfraError
from infra.local import registry
from infra.local.kafka import answers
from infra.local.ports import free_port
from infra.local.process import ProcessSpec
from infra.progress import Patience, Progress
from infra.providers import Broker
from infra.providers.engine import require_engine

_SECONDS: Final = 180.0
_POLL: Final = 0.5


class ContainersFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """The test containers did not become ready in time."""


class TestcontainersBroker:
    """Two containers that end with the test session."""

    __test__ = False  # not a test, whatever its name says
    specs: tuple[ProcessSpec, ...] = ()

    def __init__(self) -> None:
        self._kafka = free_port()
        self._registry = free_port(taken={self._kafka})
        self._containers = ExitStack()

    def start(self, progress: Progress) -> Broker:
        """Start both, and return when they answer.

        Raises:
            NoEngine: there is no container engine.
            ContainersFailed: they were not ready in time.
        """
        require_engine()
        self._containers.enter_context(_kafka_container(self._kafka))
        self._containers.enter_context(_registry_container(self._registry))
        patience, deadline = Patience(progress), monotonic() + _SECONDS
        while not (answers(self._kafka) and registry.answers(self._registry)):
            if monotonic() > deadline:
                raise ContainersFailed
            patience.wait_for("Kafka and the registry in their containers")
            sleep(_POLL)
        return Broker(f"127.0.0.1:{self._kafka}", f"http://127.0.0.1:{self._registry}{registry.API}")

    def stop(self) -> None:
        """Remove both."""
        self._containers.close()


def _kafka_container(port: int) -> DockerContainer:
    container = DockerContainer("apache/kafka:4.3.1").with_bind_ports(9092, port)
    settings = {
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_NODE_ID": "1",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    for name, value in settings.items():
        container = container.with_env(name, value)
    return container


def _registry_container(port: int) -> DockerContainer:
    return DockerContainer("apicurio/apicurio-registry:3.3.3").with_bind_ports(8080, port)
