"""A bar for work that counts records: on a terminal a bar for each step, elsewhere one line for each."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID


@contextmanager
def counting(verb: str = "Reading") -> Iterator[Callable[[str, int, int], None]]:
    """Yield what is told the name of a step, how much of it is done, and how much there is."""
    if not sys.stderr.isatty():
        yield _lines(verb)
        return
    from rich.console import Console  # noqa: PLC0415 - heavy, and only for a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def count(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(f"{verb} {what}", total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield count


def _lines(verb: str) -> Callable[[str, int, int], None]:
    begun: set[str] = set()

    def count(what: str, _done: int, total: int) -> None:
        if what not in begun:
            begun.add(what)
            print(f"{verb} {what}: {total}", file=sys.stderr, flush=True)

    return count
