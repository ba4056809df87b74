"""Time zones: a date means nothing without one."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

_NO_PLACE: Final = {"localtime", "Factory"}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACE)


def _iana(name: str) -> str:
    if name not in _known():
        raise ValueError("this is no time zone that IANA knows; write it like Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_iana)]


def today(now: datetime, zone: str) -> date:
    """Return the date that a calendar on the wall shows there."""
    return now.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """Return the moment, UTC, at which a day is over there: the first one with a later date on the wall.

    Where clocks are put forward at midnight there is no 00:00; Python takes it for the moment at which they are.
    """
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
