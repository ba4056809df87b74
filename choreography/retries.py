"""How long to wait before the next attempt."""

import random
from dataclasses import dataclass
from datetime import timedelta


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
