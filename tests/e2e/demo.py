"""The demo as a process of its own, read line by line as somebody reads it at a pipe."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from infra.local.process import Running
from infra.local.process_file import ProcessFile

PROCESSES = {"kafka", "registry", "smtp", "imap", "caldav", "scim", "producers.ems"}
PROCESSES |= {"consumers.notification", "consumers.hr", "consumers.access"}


class Demo:
    """`ems demo`, piped.

    Args:
        place: its `EMS_STATE_DIR`.
        environment: added to ours.
    """

    def __init__(self, place: Path, **environment: str) -> None:
        self.place = place
        self.lines: list[str] = []
        place.mkdir(parents=True, exist_ok=True)
        self._errors = place.with_name(f"{place.name}.errors")
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli.main", "demo"],
                env={**os.environ, "EMS_STATE_DIR": str(place), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.rest()
        if self.process.stdout is not None:
            self.process.stdout.close()

    @property
    def errors(self) -> str:
        """What it has written to the standard error so far."""
        return self._errors.read_text(encoding="utf-8")

    def read_to(self, words: str) -> str:
        """Read up to the next line with these words, and return it."""
        for line in self._read():
            if words in line:
                return line
        raise AssertionError(f"{words!r} was never said; {self.errors}\n" + "\n".join(self.lines))

    def rest(self) -> int:
        """Read up to the end, and return the exit code."""
        for _ in self._read():
            pass
        return self.process.wait(60)

    def running(self) -> dict[str, Running]:
        """Return the processes that it has started and that live."""
        found = {}
        for place in self.place.glob("demo/*-*/"):
            found.update({name: one for name, one in ProcessFile(place).read().items() if one.alive})
        return found

    def kill(self, name: str) -> None:
        """End one of its processes as kill -9 does."""
        self.running()[name].signal(signal.SIGKILL)

    def leftovers(self) -> list[str]:
        """Return the command lines of all processes that have to do with its state directory."""
        return [line for line in _command_lines() if str(self.place) in line]

    def _read(self) -> Iterator[str]:
        stream = self.process.stdout
        assert stream is not None
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            yield self.lines[-1]


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.02)


@contextmanager
def demo_at(place: Path) -> Iterator[Demo]:
    """Run the demo; it ends with the block."""
    with Demo(place) as demo:
        yield demo


def _command_lines() -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            yield " ".join((*process.cmdline(), process.environ().get("EMS_STATE_DIR", "")))
        except psutil.Error:
            continue
