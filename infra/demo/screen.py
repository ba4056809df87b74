"""Where the story is told: coloured and moving on a terminal, plain lines of 80 columns everywhere else."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.status import Status
from rich.text import Text

from infra.demo.proof import Proof
from infra.progress import Progress, TerminalProgress, progress_on

_COLUMNS: Final = 80


class Showable(Protocol):
    """What changes while it is shown."""

    def table(self) -> RenderableType:
        """Return how it looks on a terminal."""

    def plain(self) -> RenderableType:
        """Return it as plain lines."""


class Screen:
    """A terminal or a pipe.

    Args:
        stream: where to write; by default the standard output.
        quiet: say nothing at all, for programs that want the result alone.

    Attributes:
        watched: whether there is a terminal, and so perhaps somebody.
        moving: whether the terminal can show what changes.
    """

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        stream = stream or sys.stdout
        self.watched = stream.isatty() and not quiet
        self.moving = self.watched and os.environ.get("TERM") != "dumb"
        self._console = Console(
            file=stream,
            force_terminal=self.moving,
            width=None if self.moving else _COLUMNS,
            no_color=None if self.moving else True,
            quiet=quiet,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.progress: Progress = TerminalProgress(self._console) if self.moving else progress_on()

    def say(self, sentence: str = "", style: str = "") -> None:
        """Print a line."""
        self._console.print(Text(sentence, style))

    def verbatim(self, line: str, style: str = "") -> None:
        """Print a line that stays one, however long it is, so that it can be copied."""
        self._console.print(Text(line, style), soft_wrap=True)

    def headline(self, sentence: str) -> None:
        """Begin an act."""
        if self.moving:
            self._console.rule(Text(f" {sentence} ", "bold"), style="blue")
        else:
            self.say(sentence)

    def busy(self, sentence: str) -> Status:
        """Show a spinner while the block runs; elsewhere than on a terminal, the sentence alone."""
        if not self.moving:
            self.say(sentence)
        return self._console.status(Text(sentence))

    @contextmanager
    def live(self, shown: Showable) -> Iterator[None]:
        """Show what changes while the block runs; elsewhere than on a terminal, how it is in the end."""
        if self.moving:
            with Live(console=self._console, refresh_per_second=12, get_renderable=shown.table):
                yield
        else:
            yield
            self._console.print(shown.plain())

    def prove(self, proof: Proof) -> None:
        """Print a proof."""
        line = Text(f"  {proof}")
        line.stylize("bold green" if proof.holds else "bold red", 2, 3)
        if proof.holds:
            line.stylize("dim", line.plain.rindex(" – "))
        self._console.print(line)
