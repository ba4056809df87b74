"""The mass brake: a bad feed must not have hundreds of people blocked, told and invited.

It counts the cases that were opened within a window. Where there are as many as may be, whoever resigns next is held
until a person says what it is. What a person released is no mistake and does not count. Once a person has decided upon
all that was held, a release begins the window anew; one of many says nothing about the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from producers.ems.held import LAST_RELEASE, RELEASES
from producers.ems.store import cases


def _counts(moment: ColumnElement[str]) -> ColumnElement[bool]:
    return (moment > bindparam("since")) & (moment > func.coalesce(LAST_RELEASE, ""))


_RECENT: Final = select(cases.c.case_id).where(_counts(cases.c.opened_at))
_COUNT: Final = select(func.count()).select_from(_RECENT.limit(bindparam("limit")).subquery())
_RELEASED: Final = select(func.count()).select_from(RELEASES).where(_counts(RELEASES.c.at))


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
        since = {"since": (now - self.window).isoformat()}
        if not self._are_as_many(tx, since, self.limit):
            return False
        released = int(tx.execute(_RELEASED, since).scalar_one())
        return not released or self._are_as_many(tx, since, self.limit + released)

    @staticmethod
    def _are_as_many(tx: Connection, since: Mapping[str, str], limit: int) -> bool:
        return int(tx.execute(_COUNT, {**since, "limit": limit}).scalar_one()) >= limit


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
