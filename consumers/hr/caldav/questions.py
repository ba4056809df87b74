"""What a calendar server is asked, and how its answers are read (RFC 4791, RFC 4918, RFC 6638).

`free_busy` is the polite question: it shows times and no content, and may be all that the service is allowed. Its
answer joins what touches, so it cannot tell an interview from what clashes with it; `entries` can. `outbox` asks a
server that lets nobody into other people's calendars. What is broken in an answer counts as busy.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from icalendar import vPeriod

from choreography import ChoreographyError
from consumers.hr.caldav.objects import BROKEN, days_in, moment, taken_by, unfolded
from consumers.hr.slots import DAY, Period

CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
DAV: Final = "{DAV:}"
GET_ETAG: Final = f"{DAV}getetag"
_SPACES: Final = 'xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"'
_MOST_OBJECTS: Final = 1_000  # in an answer; nobody has as many in a week, and to read one takes some milliseconds
_FREE_BUSY: Final = re.compile(r'(?im)^FREEBUSY((?:;(?:"[^"\r\n]*"|[^":\r\n])*)?)(?::(.*))?$')
_FREE: Final = re.compile(r'(?i);FBTYPE="?FREE"?(?:;|$)')
_OF_UID: Final = re.compile(r"(?im)^UID(?:;[^:\r\n]*)?:(.*?)\s*$")


class Unreadable(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """The answer of a calendar server is none."""


def free_busy(within: Period) -> str:
    """Ask when somebody is not free; the server expands what recurs and leaves out what is transparent."""
    return f"<C:free-busy-query {_SPACES}>{_range(within)}</C:free-busy-query>"


def entries(within: Period) -> str:
    """Ask for the entries themselves; a series comes whole, so that its times are read as all others are."""
    return (
        f"<C:calendar-query {_SPACES}><D:prop><C:calendar-data/></D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{_range(within)}</C:comp-filter></C:comp-filter>'
        "</C:filter></C:calendar-query>"
    )


def outbox(within: Period, asks: str, asked: str) -> str:
    """Ask on behalf of one address when another is not free (RFC 6638 §5)."""
    start, end = _utc(within.start), _utc(within.end)
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Exit Management System//HR//EN", "METHOD:REQUEST"),
        *("BEGIN:VFREEBUSY", f"UID:{start}-{end}", f"DTSTAMP:{start}", f"DTSTART:{start}", f"DTEND:{end}"),
        *(f"ORGANIZER:{asks}", f"ATTENDEE:{asked}", "END:VFREEBUSY", "END:VCALENDAR", ""),
    )
    return "\r\n".join(lines)


def properties(*names: str) -> str:
    """Ask for properties, each by the name that it has in an answer."""
    asked = "".join(f"<{'D' if one.startswith(DAV) else 'C'}:{one.partition('}')[2]}/>" for one in names)
    return f"<D:propfind {_SPACES}><D:prop>{asked}</D:prop></D:propfind>"


def multistatus(answer: bytes | None, root: str = f"{DAV}multistatus") -> ET.Element:
    """Read an answer in XML.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = ET.fromstring(answer or b"")  # noqa: S314 - bounded, and expat ends what expands without end
    except (ET.ParseError, ValueError) as error:
        raise Unreadable from error
    if found.tag != root:
        raise Unreadable
    return found


def etag_in(answer: bytes | None) -> str:
    """Read the answer to a question for `GET_ETAG`; nothing where it is none."""
    try:
        return (multistatus(answer).findtext(f".//{GET_ETAG}") or "").strip()
    except Unreadable:
        return ""


def busy_times(answer: bytes, within: Period, zone: ZoneInfo) -> tuple[Period, ...]:
    """Read the answer to `free_busy`; a time that is broken beyond reading may be at any time.

    Raises:
        Unreadable: it is none, or half of one, or there is nothing in it that can be read.
    """
    text = unfolded(answer.decode("utf-8", "replace"))
    lines = [line.strip().upper() for line in text.splitlines()]
    if "BEGIN:VFREEBUSY" not in lines or lines.count("BEGIN:VCALENDAR") != lines.count("END:VCALENDAR"):
        raise Unreadable
    values = (times for parameters, times in _FREE_BUSY.findall(text) if not _FREE.search(parameters))
    found = [tuple(_periods(one.strip(), zone)) for times in values for one in times.split(",") if one.strip()]
    if found and not any(found):
        raise Unreadable
    return tuple(period for periods in found for period in periods or (within,))


def taken_times(answer: bytes, within: Period, zone: ZoneInfo, besides: str | None) -> tuple[Period, ...]:
    """Read the answer to `entries`, without the entry with the UID `besides`.

    Raises:
        Unreadable: it is none.
    """
    root = multistatus(answer)
    found = [one.text for one in root.iter(f"{CALDAV}calendar-data") if one.text and one.text.strip()]
    if len(found) > _MOST_OBJECTS or (not found and root.find(f"{DAV}response") is not None):
        raise Unreadable
    texts = (unfolded(one) for one in found)
    # an object holds entries of one UID alone (RFC 4791 §4.1)
    others = (one for one in texts if besides is None or besides not in _OF_UID.findall(one))
    return tuple(period for one in others for period in taken_by(one, within, zone))


def times_of(answer: bytes, within: Period, zone: ZoneInfo) -> tuple[Period, ...]:
    """Read the answer to `outbox`.

    Raises:
        Unreadable: it is none, or the server does not know whom it was asked about.
    """
    data = multistatus(answer, f"{CALDAV}schedule-response").findtext(f".//{CALDAV}calendar-data")
    if not data:
        raise Unreadable
    return busy_times(data.encode(), within, zone)


def _periods(written: str, zone: ZoneInfo) -> Iterator[Period]:
    """Yield a period; of a broken one the days that it names, which may be none."""
    try:
        start, end = vPeriod.from_ical(written.upper())  # type: ignore[no-untyped-call]  # icalendar types it half
        period = Period(moment(start, zone), start + end if isinstance(end, timedelta) else moment(end, zone))
        yield from _as_meant(period, zone) if period.start <= period.end else days_in(written, zone)
    except BROKEN:
        yield from days_in(written, zone)


def _as_meant(period: Period, zone: ZoneInfo) -> set[Period]:
    """A server gives whole days as days in UTC, joined with what touches them; they are meant where the person is."""
    first = datetime.combine(period.start.astimezone(UTC) + DAY - timedelta(microseconds=1), time.min, zone)
    last = datetime.combine(period.end.astimezone(UTC), time.min, zone)
    return {period, Period(first, last)} if first < last else {period}


def _range(within: Period) -> str:
    return f'<C:time-range start="{_utc(within.start)}" end="{_utc(within.end)}"/>'


def _utc(written: datetime) -> str:
    return f"{written.astimezone(UTC):%Y%m%dT%H%M%SZ}"
