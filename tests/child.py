"""Processes that tests start, stop, kill and listen to, line by line."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_SECONDS: Final = 30.0
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Child:
    """A Python process that says on its standard output, a line at a time, how far it is."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._output = process.stdout
        self._said = b""

    def says(self, line: str, *, times: int = 1) -> None:
        """Wait until it has said a line, so many times from now on; forget what it said before."""
        deadline = time.monotonic() + _SECONDS
        while times:
            while (end := self._said.find(b"\n")) < 0:
                self._hear(line, deadline)
            said, self._said = self._said[:end].decode(), self._said[end + 1 :]
            times -= said == line

    def forget(self) -> None:
        """Forget what it has said so far."""
        self._said = b""
        with selectors.DefaultSelector() as selector:
            assert self._output is not None
            selector.register(self._output, selectors.EVENT_READ)
            while selector.select(0) and os.read(self._output.fileno(), 65_536):
                pass

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; SIGKILL is waited for."""
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def _hear(self, line: str, deadline: float) -> None:
        assert self._output is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            left = deadline - time.monotonic()
            heard = os.read(self._output.fileno(), 65_536) if left > 0 and selector.select(left) else b""
        assert heard, f"the process did not say {line!r}; exit code {self.process.poll()}"
        self._said += heard


@contextmanager
def child(script: str, *arguments: str, environment: Mapping[str, str] = _NOTHING) -> Iterator[Child]:
    """Run a script until the end of the block; whatever state it is in then, it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Child(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
