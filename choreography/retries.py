"""Trying again: how long to wait, and when it is over."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from choreography.clock import Clock
from choreography.errors import InvalidFact, Reject, Retry, Unavailable

TRIES: Final = 5
PATIENCE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Backoff:
    """Growing delays with jitter, so that those who failed together do not come back together.

    Attributes:
        first: the first delay, seconds.
        most: the longest delay, seconds.
        chance: where the jitter comes from.
    """

    first: float = 0.2
    most: float = 10.0
    chance: random.Random = random.Random()  # noqa: S311, RUF009 - jitter, shared on purpose

    def after(self, attempt: int, at_least: timedelta | None = None) -> float:
        """Return the delay in seconds after the attempt of this number, counted from 1."""
        grown = min(self.most, self.first * 2.0 ** min(attempt - 1, 30))
        jittered = grown * self.chance.uniform(0.5, 1.0)
        return max(jittered, at_least.total_seconds()) if at_least else jittered


@dataclass(slots=True)
class Tries:
    """How often a reaction was tried.

    Attributes:
        first: when the first attempt began.
        patience: how long it is tried again in its lane, before it waits in the ledger.
        begun: an attempt before this one may have touched the target.
        attempts: all of them.
        failures: those that ended in an unknown error.
    """

    first: datetime
    patience: timedelta = PATIENCE
    begun: bool = False
    attempts: int = 0
    failures: int = 0

    def are_over(self, error: Exception) -> bool:
        """Whether this error, one more, ends it: at once if no repeat would help, after a few if it is unknown."""
        if isinstance(error, Retry | Unavailable):
            return False
        self.failures += 1
        return isinstance(error, Reject | InvalidFact) or self.failures >= TRIES

    def are_long(self, now: datetime, delay: float) -> bool:
        """Whether the next attempt, after a delay in seconds, would be later than the lane should wait for."""
        return now + timedelta(seconds=delay) - self.first > self.patience


def is_untouched(error: Exception) -> bool:
    """Whether the attempt that ended so promises that the target was not touched."""
    return isinstance(error, Retry) or (isinstance(error, Unavailable) and error.untouched)


T = TypeVar("T")
MOMENT_SECONDS: Final = 2.0
_PAUSES: Final = Backoff(first=0.1, most=0.5)


async def look_again(seen: T, look: Callable[[], Awaitable[T]], *, is_lacking: Callable[[T], bool], clock: Clock) -> T:
    """Look again, for a moment and ever less often, while something is lacking; return what was seen last.

    Args:
        seen: what was seen at first.
        look: looks.
        is_lacking: whether something is lacking that may have been created just now.
        clock: tells the time.
    """
    deadline, attempt = clock.monotonic() + MOMENT_SECONDS, 0
    while is_lacking(seen) and clock.monotonic() < deadline:
        attempt += 1
        await clock.sleep(_PAUSES.after(attempt))
        seen = await look()
    return seen


async def unless(told: asyncio.Event, error: type[Exception], work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless an event happens before it is done: then it is cancelled, and the error raised."""
    doing, noticed = asyncio.ensure_future(work), asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait((doing, noticed), return_when=asyncio.FIRST_COMPLETED)
        if told.is_set():
            raise error
        return doing.result()
    finally:
        noticed.cancel()
        doing.cancel()
