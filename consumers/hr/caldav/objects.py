"""iCalendar objects (RFC 5545) as other people's programs write them.

Names and enumerated values know no case (§3.1). A time without a zone, or in one that nobody knows, is meant where the
owner of the calendar is; so is a day. What an object says of a zone counts in that object alone: many programs call
every zone `Customized Time Zone`.
"""

import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import recurring_ical_events  # type: ignore[import-untyped]  # says its types, and not that it does
from icalendar import Calendar, Event
from icalendar.timezone import tzp

from consumers.hr.slots import DAY, Period

# what icalendar raises when it is given half an object, or one that breaks the rules
BROKEN: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
_FOLDED: Final = re.compile(r"\r?\n[ \t]")
_TZID: Final = re.compile(r'(?i)(?<=;TZID=)"?([^":;\r\n]+)"?')
_TOO_OFTEN: Final = re.compile(r"(?im)^RRULE:.*FREQ=(?:SECONDLY|MINUTELY|HOURLY)")
_TIMES: Final = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_NAMED: Final = re.compile(r"(?im)^(?:DTSTART|DTEND|RECURRENCE-ID)\b.*?:(.*)$")
_DAY: Final = re.compile(r"\b(\d{4})(\d\d)(\d\d)(?=T|Z|\b)")


def parsed(text: str) -> Calendar:
    """Read one object.

    Raises:
        ValueError: or another of `BROKEN`: it is none.
    """
    tzp.use_default()  # forgets the zones that other objects have brought
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones whose name is guessed
        calendar = Calendar.from_ical(_TZID.sub(lambda found: _zone_names().get(found[1].casefold(), found[0]), text))
    if not isinstance(calendar, Calendar):
        raise TypeError
    return calendar


def unfolded(text: str) -> str:
    """Return a text with each of its content lines on one line."""
    return _FOLDED.sub("", text)


def moment(value: date, zone: ZoneInfo) -> datetime:
    """Return when a time is, or a day begins, for somebody in this zone."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min, zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def period_of(event: Event, zone: ZoneInfo) -> Period:
    """Return from when to when an event is."""
    return Period(moment(event.start, zone), moment(event.end, zone))


def word(event: Event, name: str) -> str:
    """Return an enumerated value, in capitals."""
    return str(event.get(name, "")).strip().upper()


def taken_by(text: str, within: Period, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return what an object takes up; where it is broken, the days that it names, which may be none."""
    if _TOO_OFTEN.search(text):
        return (within,)
    try:
        calendar = parsed(text)
        if any(_is_broken(one, zone) for one in calendar.walk("VEVENT") if isinstance(one, Event)):
            raise ValueError
        return tuple(period_of(one, zone) for one in _occurrences(calendar, within) if _takes_time(one))
    except BROKEN:
        return days_in(" ".join(_NAMED.findall(text)), zone)


def days_in(text: str, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return from the first to the last day that is written in a broken text, if there is any."""
    days = []
    for year, month, day in _DAY.findall(text):
        try:
            days.append(datetime(int(year), int(month), int(day), tzinfo=zone))
        except ValueError:
            continue
    return (Period(min(days), max(days) + DAY),) if days else ()


def _occurrences(calendar: Calendar, within: Period) -> Iterator[Event]:
    """Yield what an object has around this time, each occurrence of a series for itself."""
    around = timedelta(days=1)
    query = recurring_ical_events.of(calendar, components=["VEVENT"])
    yield from query.between(within.start - around, within.end + around)


def _is_broken(event: Event, zone: ZoneInfo) -> bool:
    period = period_of(event, zone)
    return period.end < period.start or any(name in _TIMES for name, _ in event.errors)


def _takes_time(event: Event) -> bool:
    return word(event, "TRANSP") != "TRANSPARENT" and word(event, "STATUS") != "CANCELLED"


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
