"""How long so many events took: by the clock, and of the processors' time that this process used."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Self


@dataclass(frozen=True)
class Span:
    """So many events.

    Attributes:
        seconds: by the clock.
        busy: seconds that the processors worked for this process; other processes of the machine do not count.
    """

    events: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


class Moment(NamedTuple):
    """A moment, by the clock and by the processors' time of this process."""

    clock: float
    busy: float

    @classmethod
    def now(cls) -> Self:
        """Return the present one."""
        return cls(time.perf_counter(), time.process_time())

    def until(self, end: Self, events: int) -> Span:
        """Return the span from here to there."""
        return Span(events, end.clock - self.clock, end.busy - self.busy)


def median_rate(spans: Iterable[Span]) -> float:
    """Return the median of the events a second."""
    return median(span.rate for span in spans)


def times_as_fast(pairs: Iterable[tuple[Span, Span]]) -> float:
    """Return how many times as many events a second the first ones make, as a median of pairs taken side by side."""
    return median(first.rate / second.rate for first, second in pairs)


def times_as_busy(pairs: Iterable[tuple[Span, Span]]) -> float:
    """Return how much more of the processors' time an event takes in the first ones, as a median of pairs."""
    return median((first.busy / first.events) / (second.busy / second.events) for first, second in pairs)
