"""What goes wrong at the targets: a seeded plan, by the number of the exchange.

A kind of fault with the period 40 strikes once among each 40 exchanges, at a place that the seed chooses; so every
kind strikes even in a small run. Two kinds never strike the same exchange.
"""

import random
import threading
import time
from collections.abc import Mapping
from typing import Final

from tests.chaos.diary import Diary

AWAY: Final = "away"
SMTP: Final = {
    "421 at connect": 60,
    "450 at RCPT": 60,
    "550 at RCPT": 60,
    "550 for everybody": 100,
    "dropped before the final dot": 80,
    "dropped after the final dot, delivered": 60,
    "dropped after the final dot, delivered late": 100,
    "451 after the final dot": 80,
    "time-out before the final dot": 400,
    "time-out after the final dot, delivered": 400,
}
SCIM_WRITES: Final = {
    "401": 60,
    "409": 120,
    "412": 60,
    "429 with Retry-After": 60,
    "500": 60,
    "500, written": 60,
    "200 but unchanged": 60,
    "reply lost, written": 60,
    "time-out, written": 400,
}
SCIM_READS: Final = {"401": 500, "429 with Retry-After": 500, "500": 500, "reply lost": 500, "time-out": 3_000}
CALDAV_WRITES: Final = {
    "401": 60,
    "409": 120,
    "412": 80,
    "429 with Retry-After": 60,
    "500": 60,
    "500, written": 60,
    "reply lost, written": 60,
    "time-out, written": 400,
}
CALDAV_READS: Final = {"401": 300, "429 with Retry-After": 300, "500": 300, "reply lost": 300, "time-out": 2_000}
INTAKE: Final = {"reply lost": 100, "reply lost, written": 40, "500": 100}

PERIODS: Final[dict[str, tuple[dict[str, int], dict[str, int]]]] = {
    "smtp": ({}, SMTP),
    "scim": (SCIM_READS, SCIM_WRITES),
    "caldav": (CALDAV_READS, CALDAV_WRITES),
    "intake": ({}, INTAKE),
}
"""Of each target the faults of what changes nothing, and of what does."""


class Mischief:
    """Says of each exchange with one target what goes wrong with it.

    Args:
        target: whose exchanges they are, for the diary.
        periods: every kind, and among how many exchanges it strikes once.
        seed: chooses where.
        diary: is told of each strike.
        rarer: how many times as long the periods are.
    """

    def __init__(self, target: str, periods: Mapping[str, int], seed: int, diary: Diary, rarer: float = 1.0) -> None:
        self._target = target
        self._chance = random.Random(f"{seed}/{target}")
        self._periods = {kind: max(1, round(period * rarer)) for kind, period in periods.items()}
        self._due = {kind: self._chance.randrange(period) for kind, period in self._periods.items()}
        self._diary = diary
        self._number = 0
        self._calm = False
        self._away_until = 0.0
        self._lock = threading.Lock()

    def next(self) -> str | None:
        """Return what goes wrong with the next exchange, if anything."""
        with self._lock:
            number, self._number = self._number, self._number + 1
            if time.monotonic() < self._away_until:
                return AWAY
            kind = next((kind for kind, due in self._due.items() if due <= number), None)
            if kind is None or self._calm:
                return None
            period = self._periods[kind]
            self._due[kind] = (number // period + 1) * period + self._chance.randrange(period)
        self._diary.note("fault", self._target, kind, exchange=number)
        return kind

    def go_away(self, seconds: float) -> None:
        """Let every exchange fail for so long; not counted one by one."""
        self._away_until = time.monotonic() + seconds

    def calm(self) -> None:
        """Let everything go well from now on."""
        self._calm = True
        self._away_until = 0.0
