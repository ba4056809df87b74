"""A state directory that belongs to one run, such as the demo's or a test session's, and ends with it.

Its name holds the id and the start time of its owner: what a killed run left behind is found, ended and removed by the
next one.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from infra.interruption import shielded
from infra.local.process_table import GRACE, ProcessTable
from infra.progress import Progress


@contextmanager
def own_directory(parent: Path, progress: Progress) -> Iterator[Path]:
    """Yield a fresh directory below `parent`; afterwards end every process of it, and remove it.

    Args:
        parent: used by this kind of run alone.
        progress: told when something of a killed run had to be ended.
    """
    parent.mkdir(parents=True, exist_ok=True)
    end_left_behind(parent, progress)
    own = parent / _name(psutil.Process(os.getpid()))
    try:
        own.mkdir(parents=True)
        yield own
    finally:
        with shielded():  # a second request to stop only makes it quicker
            _end_all(own)
            shutil.rmtree(own, ignore_errors=True)
            with suppress(OSError):  # others may use it
                parent.rmdir()


def end_left_behind(parent: Path, progress: Progress) -> None:
    """End every process of directories whose owners live no more, and remove them.

    Args:
        parent: as in `own_directory`; it need not exist.
        progress: told when something had to be ended.
    """
    for left in parent.glob("*/"):
        if not _owner_lives(left.name):
            _remove(left, progress)


def _remove(left: Path, progress: Progress) -> None:
    ended = _end_all(left, grace=0.0)
    if ended:
        progress.say(f"Ended what a killed run had left behind: {', '.join(ended)}.")
    shutil.rmtree(left, ignore_errors=True)


def _end_all(directory: Path, grace: float = GRACE) -> tuple[str, ...]:
    """End the processes of the directory and of state directories in it; name them."""
    places = [directory, *directory.glob("*/")]
    ended = (ProcessTable(place).stop(grace=grace) for place in places)
    return tuple(name for names in ended for name in names)


def _name(owner: psutil.Process) -> str:
    return f"{owner.pid}-{owner.create_time():.2f}"


def _owner_lives(name: str) -> bool:
    try:
        return _name(psutil.Process(int(name.partition("-")[0]))) == name
    except (psutil.Error, ValueError):
        return False
