"""Say what is going on: a bar or a spinner on a terminal, plain lines when piped, nothing in a test."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, TextIO

if TYPE_CHECKING:  # imported on a terminal alone: it takes as long as most commands
    from rich.console import Console

PATIENCE: Final = 2.0  # seconds; a step that takes longer says what it waits for
_MB: Final = 1_000_000
_STEP: Final = 20_000_000  # bytes between two plain lines


class Progress(Protocol):
    """Where long work says how far it is."""

    def say(self, sentence: str) -> None:
        """Say one sentence."""

    def download(self, what: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show a download of `total` bytes; the function yielded is told each number of bytes that arrived."""


class Silence:
    """Say nothing."""

    def say(self, sentence: str) -> None:
        """Drop the sentence."""

    def download(self, what: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Count nothing."""
        del what, total
        return nullcontext(lambda _: None)


class PlainLines:
    """One line per sentence, and one per 20 MB of a download."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, sentence: str) -> None:
        """Print the sentence at once."""
        print(sentence, file=self._stream, flush=True)

    @contextmanager
    def download(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Print how much has arrived."""
        arrived = 0

        def count(size: int) -> None:
            nonlocal arrived
            before, arrived = arrived, arrived + size
            if arrived // _STEP > before // _STEP or arrived == total:
                self.say(f"{what}: {arrived / _MB:.0f} of {total / _MB:.0f} MB")

        self.say(f"{what}: downloading {total / _MB:.0f} MB")
        yield count


class TerminalProgress:
    """Sentences, and bars that show MB of MB."""

    def __init__(self, console: "Console") -> None:
        self._console = console

    def say(self, sentence: str) -> None:
        """Print the sentence, dimmed."""
        self._console.print(sentence, style="dim", markup=False, highlight=False)

    @contextmanager
    def download(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar that stays."""
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn  # noqa: PLC0415 - heavy
        from rich.progress import Progress as Bar  # noqa: PLC0415 - heavy

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Bar(*columns, console=self._console) as bar:
            task = bar.add_task(what, total=total)
            yield lambda size: bar.advance(task, size)


def progress_on(stream: TextIO | None = None) -> Progress:
    """Return what suits the stream, by default the standard error."""
    stream = stream or sys.stderr
    if not stream.isatty():
        return PlainLines(stream)
    from rich.console import Console  # noqa: PLC0415 - heavy

    return TerminalProgress(Console(file=stream))


@contextmanager
def waiting_for(what: str, progress: Progress) -> Iterator[None]:
    """Say `Waiting for <what> …`, if this block takes longer than two seconds."""
    timer = Timer(PATIENCE, progress.say, [_waiting(what)])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _waiting(what: str) -> str:
    return f"Waiting for {what} …"


class Patience:
    """Says once what is being waited for, as soon as it has taken longer than two seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._begun = monotonic()
        self._said: set[str] = set()

    def wait_for(self, what: str) -> None:
        """Say `Waiting for <what> …`, if it is time."""
        if monotonic() - self._begun >= PATIENCE and what not in self._said:
            self._said.add(what)
            self._progress.say(_waiting(what))
