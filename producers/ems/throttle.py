"""How many requests each sender may have handled: a token bucket for each, in this process.

Only requests whose signature is good are counted, each for the secret that signed it: were anybody's counted, or all of
them together, one sender could keep another one out.
"""

import math
from typing import Final

from choreography import Clock

RATE: Final = 2_000.0  # requests a second; more than one process can accept


class TooMany(Exception):  # noqa: N818 - reads better without the suffix
    """This sender has sent more than it may.

    Attributes:
        seconds: until the next request would be taken; whole seconds, at least one, as `Retry-After` wants them.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The next request is taken in {seconds} s.")
        self.seconds = seconds


class Throttle:
    """Token buckets that hold what fills them in a second: a sender that was quiet may send that much at once.

    Args:
        rate: requests a second of each sender.
        clock: tells the time.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}  # what is left, and since when

    def take(self, sender: int) -> None:
        """Let one request of a sender through; `sender` is the number of the secret that signed it.

        Raises:
            TooMany: it must not be handled now.
        """
        now = self._clock.monotonic()
        left, since = self._buckets.get(sender, (self._most, now))
        tokens = min(self._most, left + (now - since) * self._rate)
        self._buckets[sender] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise TooMany(max(1, math.ceil((1 - tokens) / self._rate)))
