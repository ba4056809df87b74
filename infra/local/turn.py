"""One process at a time: others wait for their turn, and say so when it takes long.

The lock is the operating system's, so it ends with its holder, however that ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from infra.progress import Patience, Progress

_POLL: Final = 0.2  # seconds


@contextmanager
def turn(lock_file: Path, waits_for: str, progress: Progress) -> Iterator[None]:
    """Hold the lock in this block.

    Args:
        lock_file: its directory is made where it is missing.
        waits_for: who holds it otherwise, as in `Waiting for <…>`.
        progress: told when it takes long.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock, patience = FileLock(lock_file), Patience(progress)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_POLL)
        except TimeoutError:
            patience.wait_for(waits_for)
    try:
        yield
    finally:
        lock.release()
