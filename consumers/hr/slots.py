"""Choosing the time of an interview: plain functions of dates, zones and what is taken.

The first 45 minutes that are free for both, on a quarter of an hour, between 09:00 and 17:00 on the employee's clock
and on the interviewer's. The day is one of the five working days after today and lies two working days or more
before the last one. Where no such day is left it is today, if that is a working day. Office hours that do not
overlap have no slot: a person must arrange what crosses half the world.
"""

from collections import defaultdict
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
OPENS: Final = time(9)
CLOSES: Final = time(17)
DAYS_AHEAD: Final = 5
DAYS_BEFORE_LAST: Final = 2
DAY: Final = timedelta(days=1)
SATURDAY: Final = 5


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


class Promises:
    """The slots that this process has chosen, whether or not they stand in the calendar yet.

    Two people who resign in the same second are handled side by side; without this both would get the same slot.
    """

    def __init__(self) -> None:
        self._given: dict[str, set[Period]] = defaultdict(set)

    def to(self, *owners: str) -> set[Period]:
        """Return what was promised in the calendars of these owners."""
        return {period for owner in owners for period in self._given[owner]}

    def give(self, period: Period, *owners: str, now: datetime) -> None:
        """Promise a slot to all of them, and forget those that have passed."""
        for owner in owners:
            self._given[owner] = {one for one in self._given[owner] if one.end > now} | {period}

    def take_back(self, period: Period, *owners: str) -> None:
        """Let somebody else have the slot."""
        for owner in owners:
            self._given[owner].discard(period)


def days_to_offer(today: date, last_working_day: date | None, works: WorkingDays) -> tuple[date, ...]:
    """Return the days on which an interview may be held, earliest first; only `today` when time is short."""
    following = works.after(today)
    days = tuple(next(following) for _ in range(DAYS_AHEAD))
    if last_working_day is None:
        return days
    in_time = tuple(day for day in days if _is_early_enough(day, last_working_day, works))
    short = (today,) if today in works and today <= last_working_day else ()
    return in_time or short


def may_stay(day: date, today: date, last_working_day: date | None, works: WorkingDays) -> bool:
    """Tell whether an interview on this day suits the last working day, so that it need not be moved."""
    if last_working_day is None or _is_early_enough(day, last_working_day, works):
        return True
    return day == today <= last_working_day


def first_free(
    days: Iterable[date], zone: ZoneInfo, other_zone: ZoneInfo, busy: Iterable[Period], now: datetime
) -> Period | None:
    """Return the first slot on these days that suits both, or `None`.

    Args:
        days: on the employee's calendar, earliest first.
        zone: the employee's.
        other_zone: the interviewer's.
        busy: what is taken, of either.
        now: the slot leaves at least half an hour from now.
    """
    taken = list(busy)
    for day in days:
        for slot in _slots(day, zone):
            if slot.start < now + NOTICE or not _in_office(slot, other_zone):
                continue
            if not any(slot.overlaps(period) for period in taken):
                return slot
    return None


def _slots(day: date, zone: ZoneInfo) -> Iterator[Period]:
    start = datetime.combine(day, OPENS, zone).astimezone(UTC)
    closes = datetime.combine(day, CLOSES, zone).astimezone(UTC)
    while start + LENGTH <= closes:
        yield Period(start, start + LENGTH)
        start += GRID


def _in_office(slot: Period, zone: ZoneInfo) -> bool:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    same_day = start.date() == end.date() and start.weekday() < SATURDAY
    return same_day and start.time() >= OPENS and end.time() <= CLOSES


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
