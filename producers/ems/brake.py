"""The mass brake: a bad feed must not have hundreds of people blocked, told and invited.

It counts the cases that were opened within a window. Where there are as many as may be, whoever resigns next is held
until a person says what it is. What a person released is no mistake, so a release begins the window anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from producers.ems.held import LAST_RELEASE
from producers.ems.store import cases

_RECENT: Final = select(cases.c.case_id).where(
    cases.c.opened_at > bindparam("since"), cases.c.opened_at > func.coalesce(LAST_RELEASE, "")
)
_COUNT: Final = select(func.count()).select_from(_RECENT.limit(bindparam("limit")).subquery())


@dataclass(frozen=True)
class Brake:
    """How many may resign in how long.

    Attributes:
        limit: how many cases are opened within the window.
        window: its length.
    """

    limit: int
    window: timedelta

    def is_reached(self, tx: Connection, now: datetime) -> bool:
        """Return whether the next resignation is one too many."""
        given = {"since": (now - self.window).isoformat(), "limit": self.limit}
        return int(tx.execute(_COUNT, given).scalar_one()) >= self.limit


def brake_of(count: int, window_seconds: int, percent: float, headcount: int | None) -> Brake | None:
    """Return the brake of these settings: the smaller of a number and a share of the company; None where it is off.

    Args:
        count: how many may resign within the window; 0 is no limit.
        window_seconds: its length.
        percent: how many of a hundred employees may; 0 is no limit.
        headcount: how many employees there are, where that is known.
    """
    limits = [count] if count else []
    if headcount and percent:
        limits.append(max(1, int(headcount * percent / 100)))
    return Brake(min(limits), timedelta(seconds=window_seconds)) if limits else None
