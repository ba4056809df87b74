"""Time zones: a date means nothing without one."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_NO_PLACE: Final = {"localtime", "Factory"}


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACE)


def _iana(name: str) -> str:
    if name not in _known():
        raise ValueError("this is no time zone that IANA knows; write it like Europe/Berlin")
    return name


class _Documented:
    """Names the zones in the documentation; asked for when it is written, so that nothing is read at import."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "enum": sorted(_known())}


TimeZone = Annotated[str, AfterValidator(_iana), _Documented()]


def today(now: datetime, zone: str) -> date:
    """Return the date that a calendar on the wall shows there."""
    return now.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """Return the moment, UTC, at which a day is over there: the first one with a later date on the wall.

    Where clocks are put forward at midnight there is no 00:00; Python takes it for the moment at which they are.
    """
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)
