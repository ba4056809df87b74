"""How far a run is: one bar on a terminal, plain lines when piped, nothing in a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_EVERY: Final = 20.0  # seconds between two plain lines of the same step


class Telling:
    """Tells what is going on.

    Args:
        shown: called with a sentence, how much is done and how much there is; nothing of it known: 0 of 0.
    """

    def __init__(self, shown: Callable[[str, int, int], None] = lambda *_: None) -> None:
        self._shown = shown
        self._of = 0
        self._step = ""

    def begin(self, what: str) -> None:
        """Begin the next step."""
        self._step, self._of = what, 0
        self._shown(what, 0, 0)

    def say(self, sentence: str) -> None:
        """Say more about the present step."""
        if sentence:
            self._shown(f"{self._step}: {sentence}", 0, 0)

    def load(self, events: int) -> None:
        """Begin the load."""
        self._step, self._of = "people resign, and everything dies", events

    def accepted(self, events: int, kills: int) -> None:
        """Say how many events have been accepted, and how many processes were killed meanwhile."""
        self._shown(f"{self._step} ({kills} kills)", events, self._of)


@contextmanager
def telling() -> Iterator[Telling]:
    """Tell on the standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Telling(_plain(console))
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield Telling(lambda what, done, of: bar.update(task, description=what, completed=done, total=of or None))


def _plain(console: Console) -> Callable[[str, int, int], None]:
    last: tuple[str, float] = ("", 0.0)

    def show(what: str, done: int, of: int) -> None:
        nonlocal last
        step = what.partition(" (")[0].partition(":")[0]
        if step == last[0] and monotonic() - last[1] < _EVERY:
            return
        last = (step, monotonic())
        console.print(f"{what}: {done} of {of}" if of else what, markup=False, highlight=False)

    return show
