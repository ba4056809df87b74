"""How many requests one sender may have handled: a token bucket, in this process."""

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
    """A token bucket that holds what fills it in a second, so a sender that was quiet may send that much at once.

    It counts requests whose signature is good: were anybody's counted, anybody could keep the HR system out.

    Args:
        rate: requests a second.
        clock: tells the time.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._rate = rate
        self._most = max(1.0, rate)
        self._clock = clock
        self._tokens = self._most
        self._at = clock.monotonic()

    def take(self) -> None:
        """Let one request through.

        Raises:
            TooMany: it must not be handled now.
        """
        now = self._clock.monotonic()
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            raise TooMany(max(1, math.ceil((1 - self._tokens) / self._rate)))
        self._tokens -= 1
