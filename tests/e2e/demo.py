"""The demo as a process of its own: at a pipe, where it is read line by line, or on a terminal."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from infra.local.process import Running
from infra.local.process_file import ProcessFile

PROCESSES: Final = frozenset({"kafka", "registry", "smtp", "imap", "caldav", "scim", "producers.ems"}) | {
    "consumers.notification",
    "consumers.hr",
    "consumers.access",
}
_DEMO: Final = [sys.executable, "-m", "infra.cli.main", "demo"]
_TAKE_TERMINAL: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_SECONDS: Final = 120.0


class Run:
    """A running demo.

    Args:
        place: its `EMS_STATE_DIR`.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.rest()

    def rest(self) -> int:
        """Read up to the end, and return the exit code."""
        raise NotImplementedError

    def running(self) -> dict[str, Running]:
        """Return the processes that it has started and that live."""
        tables = [ProcessFile(place).read() for place in self.place.glob("demo/*-*/")]
        return {name: one for table in tables for name, one in table.items() if one.alive}

    def kill(self, name: str) -> None:
        """End one of its processes as kill -9 does."""
        self.running()[name].signal(signal.SIGKILL)

    def leftovers(self) -> list[str]:
        """Return the command lines of all processes that have to do with its state directory."""
        return [line for line in _command_lines() if str(self.place) in line]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "EMS_STATE_DIR": str(self.place), "TERM": "xterm-256color"}


class Demo(Run):
    """`ems demo`, piped.

    Args:
        place: its `EMS_STATE_DIR`.
    """

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.lines: list[str] = []
        self._errors = place.with_name(f"{place.name}.errors")
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                _DEMO,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    @property
    def errors(self) -> str:
        """What it has written to the standard error so far."""
        return self._errors.read_text(encoding="utf-8")

    def read_to(self, words: str) -> None:
        """Read up to the next line with these words."""
        if not any(words in line for line in self._read()):
            raise AssertionError("\n".join([f"{words!r} was never said.", *self.lines, self.errors]))

    def rest(self) -> int:
        """Read up to the end, and return the exit code."""
        for _ in self._read():
            pass
        if self.process.stdout is not None:
            self.process.stdout.close()
        return self.process.wait(_SECONDS)

    def _read(self) -> Iterator[str]:
        stream = self.process.stdout
        assert stream is not None
        while not stream.closed and (line := stream.readline()):
            self.lines.append(line.decode().rstrip("\n"))
            yield self.lines[-1]


class Terminal(Run):
    """`ems demo` on a terminal of its own."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.said = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *_DEMO],
            env=self._environment(),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def read_to(self, words: str) -> None:
        """Read until these words have appeared."""
        while words not in self.said:
            assert self._read(), f"{words!r} was never said.\n{self.said}"

    def commands(self) -> list[str]:
        """Return the commands that it offers, in their order."""
        offered = self.said.partition("To try")[2].splitlines()
        return [line for line in offered if ".sh " in line or "EMS_STATE_DIR=" in line]

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._master)
        self._master = -1

    def rest(self) -> int:
        """Read up to the end, and return the exit code."""
        while self._master != -1 and self._read():
            pass
        return self.process.wait(_SECONDS)

    def _read(self) -> bool:
        try:
            read = os.read(self._master, 65_536).decode(errors="replace")
        except OSError:  # EIO: nobody has the other side open any more
            read = ""
        if not read:
            self.hang_up()
        self.said += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", read)
        return bool(read)


def run_anywhere(command: str) -> str:
    """Paste a command into another shell, in another directory, and return what it prints."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def until(condition: Callable[[], bool], seconds: float = _SECONDS) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.02)


def _command_lines() -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            yield " ".join((*process.cmdline(), process.environ().get("EMS_STATE_DIR", "")))
        except psutil.Error:
            continue
