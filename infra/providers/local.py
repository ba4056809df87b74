"""Apache Kafka and Apicurio Registry as two processes of this machine: no container, no Java to install."""

from collections.abc import Mapping
from pathlib import Path

from infra.local import kafka, registry
from infra.local.ports import Ports
from infra.local.process import ProcessSpec
from infra.local.process_table import ProcessTable
from infra.progress import Progress
from infra.providers import Broker


class LocalBroker:
    """The broker and the registry of a state directory; their data is in `kafka/` and `registry/` below it."""

    def __init__(self, state_dir: Path, given_ports: Mapping[str, int] | None = None) -> None:
        self._table = ProcessTable(state_dir)
        ports = Ports(state_dir, given_ports)
        # the registry first, because it takes longer and Kafka's data directory is prepared meanwhile
        self.specs: tuple[ProcessSpec, ...] = (
            registry.registry_spec(state_dir / "registry", ports),
            kafka.kafka_spec(state_dir / "kafka", ports),
        )
        self.broker = Broker(
            bootstrap_servers=f"127.0.0.1:{ports.of(kafka.NAME)}",
            registry_url=f"http://127.0.0.1:{ports.of(registry.NAME)}{registry.API}",
        )

    def start(self, progress: Progress) -> Broker:
        """Start what is missing of the two, and return when both answer."""
        self._table.start_missing(self.specs, progress)
        self._table.await_ready(self.specs, progress)
        return self.broker

    def stop(self) -> None:
        """End both."""
        self._table.stop([spec.name for spec in self.specs])
