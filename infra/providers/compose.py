"""Kafka and the registry in containers, by `infra/compose.yaml`."""

import hashlib
import os
import subprocess
from importlib.resources import as_file, files
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from infra.errors import InfraError
from infra.local import registry
from infra.local.kafka import answers
from infra.local.ports import Ports
from infra.local.process import ProcessSpec
from infra.progress import Patience, Progress
from infra.providers import Broker
from infra.providers.engine import require_engine

_SECONDS: Final = 180.0
_POLL: Final = 0.5


class ComposeFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """The containers did not start."""


class ComposeBroker:
    """The containers of a state directory; their volumes are named after it."""

    specs: tuple[ProcessSpec, ...] = ()

    def __init__(self, state_dir: Path) -> None:
        ports = Ports(state_dir)
        self._kafka, self._registry = ports.of("compose-kafka"), ports.of("compose-registry")
        self._project = f"ems-{hashlib.sha256(str(state_dir.absolute()).encode()).hexdigest()[:8]}"

    def start(self, progress: Progress) -> Broker:
        """Start the containers, and return when both answer.

        Raises:
            NoEngine: there is no container engine.
            ComposeFailed: they did not start, or not in time.
        """
        require_engine()
        progress.say("Starting Kafka and the registry in containers …")
        self._compose("up", "--detach")
        patience, deadline = Patience(progress), monotonic() + _SECONDS
        while not (answers(self._kafka) and registry.answers(self._registry)):
            if monotonic() > deadline:
                raise ComposeFailed(
                    f"The containers were not ready within {_SECONDS:.0f} seconds. See what they say with: "
                    f"docker compose --project-name {self._project} logs"
                )
            patience.wait_for("Kafka and the registry in their containers")
            sleep(_POLL)
        return Broker(f"127.0.0.1:{self._kafka}", f"http://127.0.0.1:{self._registry}{registry.API}")

    def stop(self) -> None:
        """End the containers; their volumes stay."""
        require_engine()
        self._compose("down")

    def remove(self) -> None:
        """End the containers, and remove their volumes with all data."""
        require_engine()
        self._compose("down", "--volumes")

    def _compose(self, *arguments: str) -> None:
        ports = {"KAFKA_PORT": str(self._kafka), "REGISTRY_PORT": str(self._registry)}
        environment = {**os.environ, **ports, "EMS_COMPOSE_PROJECT": self._project}
        with as_file(files("infra") / "compose.yaml") as file:
            command = ["docker", "compose", "--file", str(file), "--project-name", self._project, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise ComposeFailed(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
