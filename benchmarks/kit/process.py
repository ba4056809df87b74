"""Members that are processes: started, asked for their health, killed; whatever happens, they end with the run."""

import json
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Literal

from benchmarks.kit.bed import Bed
from infra.errors import InfraError
from infra.local.ports import free_port
from infra.local.process import ProcessSpec, Stage
from infra.local.process_table import ProcessTable

_LOOK: Final = 0.05


class Members:
    """The processes of one group.

    Args:
        bed: where they run.
        group: the consumer group.
        starts: where it begins.
    """

    def __init__(self, bed: Bed, group: str, starts: Literal["now", "earliest"]) -> None:
        self.effects: Path = bed.folder / f"{group}.txt"
        self._bed = bed
        self._arguments = (group, starts)
        self._table = ProcessTable(bed.folder / "members")

    def start(self, name: str, **given: Any) -> int:  # noqa: ANN401 - any settings
        """Start one, and return its process id when it is ready."""
        port = free_port()
        settings = self._bed.settings(health_port=port, **given)
        values = {name: value for name, value in settings.model_dump().items() if value is not None}
        environment = {f"BENCH_{name.upper()}": str(value) for name, value in values.items()}
        spec = ProcessSpec(
            name=name,
            argv=(sys.executable, "-m", "benchmarks.kit.service", *self._arguments),
            ports={name: port},
            stage=Stage.SERVICES,
            ready=lambda: _is_ready(port),
            waits_for="a member of the group to be ready",
            environment=environment | {"BENCH_EFFECTS": str(self.effects)},
        )
        self._table.start(spec, self._bed.steps)
        self._table.await_ready([spec], self._bed.steps)
        return self._table.running()[name].pid

    def kill(self, name: str) -> None:
        """Kill one, by SIGKILL."""
        self._table.kill(name)

    def stop(self) -> None:
        """End all."""
        self._table.stop()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition.

    Raises:
        InfraError: it did not come true in time.
    """
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            raise InfraError(f"{what}: not within {seconds:g} s.")
        sleep(_LOOK)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(json.load(answer)["ready"])
    except OSError:
        return False
