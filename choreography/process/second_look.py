"""Looking again before something is said to be missing.

Whoever deploys creates topics, rights and schemas, and starts the services. A broker, and a registry that is several
processes, learn of what was created a moment after whoever created it was told that it is there.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from choreography.clock import Clock
from choreography.retries import Backoff

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
