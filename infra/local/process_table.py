"""The processes of one state directory, written down so that any later command finds and ends them.

`processes.json` is written before anything else can happen after a start, and again when a process is ready. What a
killed run left is therefore either settled and still good, or unsettled and ended by the next start.
"""

import os
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psutil

from infra.errors import InfraError, Interrupted
from infra.interruption import interrupted, shielded
from infra.local.ports import require_free
from infra.local.process import ProcessSpec, Running
from infra.local.process_file import ProcessFile
from infra.progress import Patience, Progress

_POLL: Final = 0.1  # seconds between two looks
_LOG_LINES: Final = 12
_SPARING: Final = {"MALLOC_ARENA_MAX": "1"}  # glibc would give each thread of the Kafka client a heap of its own
_DYING: Final = 20.0  # seconds after SIGKILL
GRACE: Final = 25.0  # seconds between SIGTERM and SIGKILL


# What this process itself has started, whichever table wrote it down: only the parent can collect an ended process.
_CHILDREN: Final[dict[int, subprocess.Popen[bytes]]] = {}


class ProcessFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """A process did not become ready."""


class ProcessTable:
    """Starts, remembers, watches and ends the processes of a state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._file = ProcessFile(state_dir)
        self._logs = state_dir / "logs"

    def running(self) -> dict[str, Running]:
        """Return what runs, by name, in the order of the start."""
        _reap()
        return {name: process for name, process in self._file.read().items() if process.alive}

    def start_missing(self, specs: Iterable[ProcessSpec], progress: Progress) -> tuple[str, ...]:
        """Start those that do not run, ending first what a killed run left half-started; name them."""
        self._end_unsettled(progress)
        running = self.running()
        missing = [spec for spec in specs if spec.name not in running]
        for spec in missing:
            self.start(spec, progress)
        return tuple(spec.name for spec in missing)

    def start(self, spec: ProcessSpec, progress: Progress) -> None:
        """Start a process in a session of its own, so that Ctrl-C in the terminal does not reach it.

        Raises:
            Refused: its port is taken.
            ProcessFailed: it cannot be started at all.
        """
        if spec.prepare:
            spec.prepare(progress)
        for name, port in spec.ports.items():
            require_free(port, name)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{spec.name}.log"
        with shielded(), log.open("ab") as stream:
            child = self._spawn(spec, stream.fileno())
            _CHILDREN[child.pid] = child
            started = psutil.Process(child.pid).create_time()
            self._file.put(Running(spec.name, child.pid, started, spec.stage, spec.port, log))

    def await_ready(self, specs: Iterable[ProcessSpec], progress: Progress) -> None:
        """Return when every one of them is ready, all watched at once.

        Raises:
            ProcessFailed: one ended, or was not ready in time; with the last lines that it logged.
        """
        patience, begun = Patience(progress), monotonic()
        waiting = list(specs)
        while waiting:
            running = self.running()
            for spec in waiting:
                self._require_hope(spec, alive=spec.name in running, waited=monotonic() - begun)
            for spec in [spec for spec in waiting if spec.ready()]:
                self._file.put(replace(self._file.read()[spec.name], settled=True))
                waiting.remove(spec)
            if waiting:
                patience.wait_for(waiting[0].waits_for)
                sleep(_POLL)

    def _end_unsettled(self, progress: Progress) -> None:
        """End what a killed run started and did not see ready."""
        running = self.running().values()
        left = [process.name for process in running if not process.settled and process.pid not in _CHILDREN]
        for name in left:
            progress.say(f"Ending {name}, left half-started by a run that was killed.")
        self.stop(left)

    def stop(self, names: Sequence[str] | None = None, grace: float = GRACE) -> tuple[str, ...]:
        """End processes, by default all: the highest stage first, SIGTERM before SIGKILL; name those that ran.

        An interruption kills what is left at once.
        """
        found = self._file.read()
        chosen = [process for name, process in found.items() if names is None or name in names]
        ended = tuple(process.name for process in chosen if process.alive)
        try:
            for stage in sorted({process.stage for process in chosen}, reverse=True):
                self._end([process for process in chosen if process.stage == stage], grace)
        except Interrupted:
            with shielded():
                self._end(chosen, 0.0)
                self._file.forget([process.name for process in chosen])
            raise
        self._file.forget([process.name for process in chosen])
        return ended

    def kill(self, name: str) -> None:
        """End a process at once, by SIGKILL, as a test or a second Ctrl-C does."""
        self.stop([name], grace=0.0)

    def _spawn(self, spec: ProcessSpec, output: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                cwd=spec.home,
                env={**_SPARING, **_foreign_environment(), "PYTHONUNBUFFERED": "1", **spec.environment},
            )
        except OSError as error:
            raise ProcessFailed(f"{spec.name} cannot be started: {error.strerror} ({spec.argv[0]}).") from error

    def _require_hope(self, spec: ProcessSpec, *, alive: bool, waited: float) -> None:
        if not alive:
            raise ProcessFailed(f"{spec.name} ended while it was starting. {self._last_lines(spec.name)}")
        if waited > spec.time_limit:
            raise ProcessFailed(
                f"{spec.name} was not ready within {spec.time_limit:.0f} seconds. {self._last_lines(spec.name)}"
            )

    def _last_lines(self, name: str) -> str:
        log = self._logs / f"{name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return f"The last lines of {log}:\n{said}"

    def _end(self, processes: Sequence[Running], grace: float) -> None:
        for process in processes:
            process.signal(signal.SIGTERM if grace else signal.SIGKILL)
        deadline = monotonic() + grace
        while monotonic() < deadline and not interrupted() and self._any_alive(processes):
            sleep(_POLL)
        for process in processes:
            process.signal(signal.SIGKILL)
        deadline = monotonic() + _DYING
        while self._any_alive(processes):
            if monotonic() > deadline:
                left = ", ".join(f"{one.name} (process {one.pid})" for one in processes if one.alive)
                raise ProcessFailed(
                    f"{left} cannot be killed: the operating system keeps it, as it does while a disk or a mount does "
                    "not answer. See what it waits for (ps -o pid,stat,wchan), and try again."
                )
            sleep(_POLL)

    def _any_alive(self, processes: Sequence[Running]) -> bool:
        alive = any(process.alive for process in processes)
        _reap()  # afterwards: nobody asks again about what was found dead
        return alive


def _foreign_environment() -> dict[str, str]:
    """Return what is not ours: settings of ours reach a process by its specification alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EMS_")}


def _reap() -> None:
    """Collect what has ended among the processes that this one started, so that no zombie stays."""
    for pid in [pid for pid, child in _CHILDREN.items() if child.poll() is not None]:
        del _CHILDREN[pid]
