"""Time zones: a date means nothing without one."""

from datetime import date, datetime
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
