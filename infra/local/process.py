"""A process of the stack: what it takes to start it, and what is known once it runs.

A process is recognised by its id *and* its start time: ids are used again, and ending a stranger's process because it
happens to bear a remembered id would be unforgivable.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

import psutil

from infra.progress import Progress

_ROUNDING: Final = 0.01  # seconds


class Stage(IntEnum):
    """Who needs whom: a stage needs those below it, and processes are ended from the highest down."""

    PLATFORM = 0
    SANDBOX = 1
    SERVICES = 2


@dataclass(frozen=True)
class ProcessSpec:
    """How a process is started.

    Attributes:
        name: how it is called everywhere: its log, its pid in `endpoints.json`, its row in `ems status`.
        argv: the command line.
        ports: the ports it listens on, by the names to ask for others with (`ems up --port NAME=PORT`), the most
            interesting one first; they must be free before the start.
        stage: who needs whom.
        ready: whether it does its work now; must neither raise nor take long.
        waits_for: what is being waited for, as in `Waiting for <…>`.
        environment: added to the environment of this process.
        prepare: done before the start, such as a download.
        time_limit: seconds until it must be ready.
        home: where it runs; what it is told about files is relative to that, since formats of others (properties, JDBC)
            have no way to write every path.
    """

    name: str
    argv: tuple[str, ...]
    ports: Mapping[str, int]
    stage: Stage
    ready: Callable[[], bool]
    waits_for: str
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Progress], None] | None = None
    time_limit: float = 120.0
    home: Path | None = None

    @property
    def port(self) -> int:
        """The most interesting of its ports."""
        return next(iter(self.ports.values()))


@dataclass(frozen=True)
class Running:
    """A process that was started and written down.

    Attributes:
        started: its start time as the operating system gives it, in seconds since 1970.
        settled: whether it has been seen ready since it was started.
    """

    name: str
    pid: int
    started: float
    stage: Stage
    port: int
    log: Path
    settled: bool = False

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return self._process() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and what it started, if it is still this process."""
        if self._process() is None:
            return
        try:
            os.killpg(self.pid, number)  # started in a session of its own, so its pid names its group
        except ProcessLookupError:
            return

    def resident_bytes(self) -> int:
        """Return how much memory it holds, 0 when it is gone."""
        process = self._process()
        try:
            return int(process.memory_info().rss) if process else 0
        except psutil.Error:
            return 0

    def _process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _ROUNDING
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None
