"""Apache Kafka and Apicurio Registry as two processes of this machine: no container, no Java to install."""

from collections.abc import Mapping
from pathlib import Path

from infra.local import kafka, registry
from infra.local.distribution import kafka_jars, registry_home
from infra.local.kafka import prepared_kafka
from infra.local.ports import Ports
from infra.local.process import ProcessSpec
from infra.local.process_table import ProcessTable
from infra.local.registry import registry_spec
from infra.progress import Progress
from infra.providers import Broker


class LocalBroker:
    """The broker and the registry of a state directory; their data is in `kafka/` and `registry/` below it."""

    def __init__(self, state_dir: Path, given_ports: Mapping[str, int] | None = None) -> None:
        self._state_dir = state_dir
        self._table = ProcessTable(state_dir)
        self._ports = Ports(state_dir, given_ports)

    def start(self, progress: Progress) -> Broker:
        """Start what is missing of the two, and return when both answer."""
        self._table.end_unsettled(progress)
        jars, distribution = kafka_jars(progress), registry_home(progress)
        running = self._table.running()
        started: list[ProcessSpec] = []
        if registry.NAME not in running:  # first, because it takes longer and needs no preparation
            started.append(registry_spec(self._state_dir / "registry", distribution, self._ports))
            self._table.start(started[-1])
        if kafka.NAME not in running:
            started.append(prepared_kafka(self._state_dir / "kafka", jars, self._ports))
            self._table.start(started[-1])
        self._table.await_ready(started, progress)
        return self.broker

    def stop(self) -> None:
        """End both."""
        self._table.stop([kafka.NAME, registry.NAME])

    @property
    def broker(self) -> Broker:
        """Where they answer, or will once they are started."""
        return Broker(
            bootstrap_servers=f"127.0.0.1:{self._ports.of(kafka.NAME)}",
            registry_url=f"http://127.0.0.1:{self._ports.of(registry.NAME)}{registry.API}",
        )
