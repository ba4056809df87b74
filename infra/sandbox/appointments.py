"""What stands in the company's calendars: something on every working day, and never everything.

The pattern of a day follows from the person and the date alone, so that the same day always looks the same. Times are
stored in UTC, and nothing recurs: Radicale's free/busy gives every repetition the UTC offset of the first one, which
is an hour wrong after the clocks have changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from infra.sandbox.company import HR_PARTNER_GROUPS
from infra.sandbox.people import MAIL_DOMAIN, Person

_SATURDAY: Final = 5
_HR_HORIZON_DAYS: Final = 21
_HORIZON_DAYS: Final = 14

Entry = tuple[str, str, str]

_HR_DAYS: Final[tuple[tuple[Entry, ...], ...]] = (
    (("10:00", "11:30", "Interviews"), ("13:00", "15:00", "Salary round")),
    (("09:45", "12:00", "Works council"), ("13:30", "15:00", "Interviews")),
    (("10:00", "11:30", "Onboarding"), ("13:00", "13:45", "Call"), ("16:00", "17:00", "Budget")),
    (("10:30", "12:30", "Training"), ("14:00", "15:30", "Interviews")),
)
_DAYS: Final[tuple[tuple[Entry, ...], ...]] = (
    (("10:00", "10:30", "Stand-up"), ("14:00", "15:00", "Planning")),
    (("11:00", "12:00", "Review"),),
    (("13:00", "14:30", "Workshop"),),
    (("09:30", "10:00", "Call"), ("15:30", "16:30", "Pairing")),
)


@dataclass(frozen=True)
class Appointment:
    """A stretch of time in somebody's calendar, in the person's own zone."""

    title: str
    start: datetime
    end: datetime


def appointments(person: Person, today: date) -> tuple[Appointment, ...]:
    """Return what is in the person's calendar: two weeks of it, or three for an HR partner."""
    is_partner = person.employee_id in HR_PARTNER_GROUPS["HR partners"]
    patterns, days = (_HR_DAYS, _HR_HORIZON_DAYS) if is_partner else (_DAYS, _HORIZON_DAYS)
    shift = int(person.employee_id[1:])
    zone = ZoneInfo(person.office.zone)
    return tuple(
        Appointment(title, _at(day, start, zone), _at(day, end, zone))
        for day in _working_days(today, days)
        for start, end, title in patterns[(day.toordinal() + shift) % len(patterns)]
    )


def calendar(person: Person, today: date) -> bytes:
    """Return the person's whole calendar as iCalendar."""
    whole = Calendar()
    whole.add("prodid", "-//Kestrel & Lund//Sandbox//EN")
    whole.add("version", "2.0")
    for one in appointments(person, today):
        whole.add_component(_event(one, today))
    written: bytes = whole.to_ical()
    return written


def _event(one: Appointment, today: date) -> Event:
    event = Event()
    event.add("uid", f"{one.start:%Y%m%dT%H%M}@{MAIL_DOMAIN}")
    event.add("dtstamp", datetime.combine(today, time(), UTC))
    event.add("summary", one.title)
    event.add("dtstart", one.start.astimezone(UTC))
    event.add("dtend", one.end.astimezone(UTC))
    return event


def _working_days(today: date, days: int) -> Iterator[date]:
    for offset in range(days):
        day = today + timedelta(days=offset)
        if day.weekday() < _SATURDAY:
            yield day


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone)
