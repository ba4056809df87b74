"""How busy the processors are, and with what: a figure taken beside foreign work says little."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

import psutil


@dataclass(frozen=True)
class Busy:
    """Parts of all processors' time, from 0 to 1: of everything that ran, and of what is not of this run."""

    whole: float
    others: float


class Watch:
    """Counts from now on.

    Args:
        pids: the processes of the run, beside this one.
    """

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = (os.getpid(), *pids)
        self._begun = self._now()

    def busy(self) -> Busy:
        """Return how busy they were since then."""
        at, whole, own = (now - begun for now, begun in zip(self._now(), self._begun, strict=True))
        possible = at * (psutil.cpu_count() or 1)
        return Busy(min(whole / possible, 1.0), max(whole - own, 0.0) / possible)

    def _now(self) -> tuple[float, float, float]:
        """Return the time, the seconds that all processors worked, and those that the run did."""
        every = psutil.cpu_times()
        idle = every.idle + getattr(every, "iowait", 0.0)
        own = sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in self._pids)
        return monotonic(), sum(every[:8]) - idle, own
