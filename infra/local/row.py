"""A row of `ems status`: how one process is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from infra.local.process import ProcessSpec, Running


@dataclass(frozen=True)
class Row:
    """How one process is: its `pid` and `since` are `None` when it does not run."""

    name: str
    pid: int | None
    port: int
    ready: bool
    since: datetime | None
    resident_bytes: int

    @classmethod
    def of(cls, spec: ProcessSpec, process: Running | None) -> Self:
        """Look at a process now."""
        if process is None:
            return cls(spec.name, None, spec.port, ready=False, since=None, resident_bytes=0)
        since = datetime.fromtimestamp(process.started, UTC)
        return cls(spec.name, process.pid, spec.port, spec.ready(), since, process.resident_bytes())
