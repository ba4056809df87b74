"""Waits for what the story needs; meanwhile whatever dies is started again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final, TypeVar

from infra.errors import InfraError
from infra.local.stack import Stack
from infra.progress import Patience, Progress

T = TypeVar("T")

_POLL: Final = 0.05  # seconds between two looks at what is waited for
_ROUND: Final = 0.25  # seconds between two looks at the processes
_ATTEMPTS: Final = 3


class Watch:
    """Keeps the processes of a stack alive while somebody waits.

    Args:
        stack: whose processes.
        say: told which process died and was started again.
        progress: told what is waited for.
    """

    def __init__(self, stack: Stack, say: Callable[[str], None], progress: Progress) -> None:
        self._stack = stack
        self._say = say
        self._progress = progress
        self._next_round = 0.0
        self._resting = False

    @contextmanager
    def without(self, names: Sequence[str]) -> Iterator[None]:
        """Have these processes stopped while the block runs, and ready again afterwards; until then none is revived."""
        self._resting = True
        self._stack.end(names)
        try:
            yield
            self._started_again()
        finally:
            self._resting = False

    def until(self, look: Callable[[], T | None], waits_for: str, seconds: float) -> T | None:
        """Return what `look` finds, `None` when it has found nothing by the deadline.

        The time counts anew once a process had to be started again.

        Args:
            look: returns `None` for as long as there is nothing.
            waits_for: said when it takes long, as in `Waiting for <…>`.
            seconds: how long to wait.
        """
        patience, deadline = Patience(self._progress), monotonic() + seconds
        while True:
            if self._revive():
                deadline = monotonic() + seconds
            found = look()
            if found is not None or monotonic() > deadline:
                return found
            patience.wait_for(waits_for)
            sleep(_POLL)

    def _revive(self) -> bool:
        """Start what has died; return whether there was anything."""
        if self._resting or monotonic() < self._next_round:
            return False
        died = self._started_again()
        for name in died:
            self._say(f"{name} died and was started again")
        self._next_round = monotonic() + _ROUND
        return bool(died)

    def _started_again(self) -> tuple[str, ...]:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._stack.start_missing(self._progress)
            except InfraError:  # something else died while this one started
                continue
        return self._stack.start_missing(self._progress)
