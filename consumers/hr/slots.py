"""Choosing the time of an interview: plain functions of dates, zones and what is taken.

The first 45 minutes that are free for both, on a quarter of an hour, between 09:00 and 17:00 on the employee's clock
and on the interviewer's. The day is one of the five working days after today and lies two working days or more
before the last one. Where no such day is left it is today or any day up to the last one, the first that has a slot.
Office hours that do not overlap have no slot: a person must arrange what crosses half the world.

To offer interviews only in the afternoon, say so in `OPENS`; to have them end sooner, in `CLOSES`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from schemas.hr import HolidaysKnown

MINUTE: Final = timedelta(minutes=1)
LENGTH: Final = timedelta(minutes=45)
NOTICE: Final = timedelta(minutes=30)
GRID: Final = timedelta(minutes=15)
OPENS: Final = time(9)  # no interview begins before; 13:00 would have them in the afternoon only
CLOSES: Final = time(17)  # none ends after
DAYS_AHEAD: Final = 5
DAYS_BEFORE_LAST: Final = 2
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """A time from `start` up to `end`, both with a zone."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Period") -> bool:
        """Tell whether the two have a moment in common."""
        return self.start < other.end and other.start < self.end


class WorkingDays:
    """The working days of a country and its subdivision; Monday to Friday where the country is not known.

    Attributes:
        known: which public holidays that takes into account.
    """

    def __init__(self, country: str | None, subdivision: str | None) -> None:
        self._calendar, self.known = _holidays(country, subdivision)

    def __contains__(self, day: date) -> bool:
        return self._calendar.is_working_day(day)

    def after(self, day: date) -> Iterator[date]:
        """Count the working days that follow."""
        while True:
            day += DAY
            if day in self:
                yield day


@dataclass(frozen=True)
class Office:
    """Where an interviewer works, and on which days."""

    zone: ZoneInfo
    works: WorkingDays

    def has(self, slot: Period) -> bool:
        """Tell whether a slot is within office hours there."""
        start, end = slot.start.astimezone(self.zone), slot.end.astimezone(self.zone)
        same_day = start.date() == end.date() and start.date() in self.works
        return same_day and start.time() >= OPENS and end.time() <= CLOSES


class Promises:
    """The slots that this process has chosen, whether or not they stand in the calendar yet; one for each interview.

    Two people who resign in the same second are handled side by side; without this both would get the same slot. What
    is chosen anew for an interview takes the place of what was chosen for it before.
    """

    def __init__(self) -> None:
        self._given: dict[str, tuple[Period, frozenset[str]]] = {}

    def to(self, *owners: str, besides: str = "") -> set[Period]:
        """Return what was promised in the calendars of these owners, for other interviews than the one `besides`."""
        others = (promise for uid, promise in self._given.items() if uid != besides)
        return {period for period, whose in others if not whose.isdisjoint(owners)}

    def give(self, uid: str, period: Period, *owners: str, now: datetime) -> None:
        """Promise a slot to all of them, and forget those that have passed."""
        self._given = {one: given for one, given in self._given.items() if given[0].end > now}
        self._given[uid] = (period, frozenset(owners))

    def take_back(self, uid: str) -> None:
        """Let somebody else have the slot."""
        self._given.pop(uid, None)


def days_to_offer(today: date, last_working_day: date | None, works: WorkingDays) -> tuple[date, ...]:
    """Return the days on which an interview may be held, those to be tried first at the front.

    When time is short these are all that are left, from today up to the last working day.
    """
    following = works.after(today)
    days = tuple(next(following) for _ in range(DAYS_AHEAD))
    if last_working_day is None:
        return days
    in_time = tuple(day for day in days if _is_early_enough(day, last_working_day, works))
    left = (day for day in (today, *days) if day in works and day <= last_working_day)
    return in_time or tuple(left)


def may_stay(day: date, today: date, last_working_day: date | None, works: WorkingDays) -> bool:
    """Tell whether an interview on this day suits the last working day, so that it need not be moved."""
    if last_working_day is None or _is_early_enough(day, last_working_day, works):
        return True
    return day == today <= last_working_day


def first_free(
    days: Iterable[date], zone: ZoneInfo, other: Office, busy: Iterable[Period], now: datetime
) -> Period | None:
    """Return the first slot on these days that suits both, or `None`.

    Args:
        days: on the employee's calendar, earliest first.
        zone: the employee's.
        other: the interviewer's.
        busy: what is taken, of either.
        now: the slot leaves at least half an hour from now.
    """
    taken = list(busy)
    for day in days:
        for slot in _slots(day, zone):
            if slot.start < now + NOTICE or not other.has(slot):
                continue
            if not any(slot.overlaps(period) for period in taken):
                return slot
    return None


def load_of(taken: Iterable[Period], within: Period) -> timedelta:
    """Return how much of a time is taken; what is taken twice counts once."""
    load, until = timedelta(), within.start
    for one in sorted(taken):
        start, end = max(one.start, until), min(one.end, within.end)
        if start < end:
            load, until = load + (end - start), end
    return load


def _slots(day: date, zone: ZoneInfo) -> Iterator[Period]:
    start = datetime.combine(day, OPENS, zone).astimezone(UTC)
    closes = datetime.combine(day, CLOSES, zone).astimezone(UTC)
    while start + LENGTH <= closes:
        yield Period(start, start + LENGTH)
        start += GRID


def _is_early_enough(day: date, last: date, works: WorkingDays) -> bool:
    """Whether two working days or more follow the day, up to the last one."""
    return next(islice(works.after(day), DAYS_BEFORE_LAST - 1, None)) <= last


def _holidays(country: str | None, subdivision: str | None) -> tuple[holidays.HolidayBase, HolidaysKnown]:
    for subdiv in (subdivision, None):
        try:
            found = holidays.country_holidays((country or "").upper(), subdiv=subdiv)
        except NotImplementedError:
            continue
        return found, HolidaysKnown.SUBDIVISION if subdiv else HolidaysKnown.COUNTRY
    return holidays.HolidayBase(), HolidaysKnown.NONE
