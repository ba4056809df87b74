"""What a run is doing now: one bar on a terminal, plain lines when piped."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from infra.progress import Progress, progress_on


class Steps:
    """Counts the steps of a run, and passes on what long work says meanwhile.

    Args:
        inner: where long work says how far it is.
        shown: called with the number of steps that are over, which may be a fraction, and with what goes on.
    """

    def __init__(self, inner: Progress, shown: Callable[[float, str], None]) -> None:
        self._inner = inner
        self._shown = shown
        self._over = -1
        self._what = ""

    @classmethod
    @contextmanager
    def on_standard_error(cls, number: int) -> Iterator[Self]:
        """Show so many of them, where they do not mix with the figures."""
        console, inner = Console(stderr=True), progress_on()
        if not console.is_terminal:
            yield cls(inner, lambda over, what: inner.say(f"[{int(over) + 1}/{number}] {what}"))
            return
        columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=number)
            yield cls(inner, lambda over, what: bar.update(task, completed=over, description=what))

    def begin(self, what: str) -> None:
        """Begin the next step."""
        self._over += 1
        self._what = what
        self._shown(self._over, what)

    @contextmanager
    def part(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a part of the present step; the function yielded is told how many of `total` are over."""
        quarters = 0

        def tell(over: int) -> None:
            nonlocal quarters
            if 4 * over // total > quarters:
                quarters = 4 * over // total
                self._shown(self._over, f"{self._what}: {what}, {quarters * 25} %")

        self._shown(self._over, f"{self._what}: {what}")
        yield tell

    def say(self, sentence: str) -> None:
        """Say one sentence."""
        self._inner.say(sentence)

    def download(self, what: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show a download."""
        return self._inner.download(what, total)
