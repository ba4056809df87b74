"""The two questions to a calendar (RFC 4791 §7) and what their answers mean: when is somebody not free?

`free_busy` is the polite one: it shows times and no content, and may be all that the service is allowed. Its answer
joins what touches, so it cannot tell an interview from what clashes with it; `entries` can.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from icalendar import Calendar

from choreography import ChoreographyError
from consumers.hr.slots import Period

GET_ETAG: Final = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
_CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
# what xml and icalendar raise when they are given a page of HTML, half an answer, or entries that break the rules
_BROKEN: Final = (ET.ParseError, ValueError, KeyError, TypeError, AttributeError, IndexError)


class Unreadable(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """The answer of a calendar server is none."""


def free_busy(within: Period) -> str:
    """Ask when somebody is not free; the server expands what recurs and leaves out what is transparent."""
    return f'<C:free-busy-query xmlns:C="{_CALDAV}">{_range(within)}</C:free-busy-query>'


def entries(within: Period) -> str:
    """Ask for the entries themselves."""
    return (
        f'<C:calendar-query xmlns:C="{_CALDAV}" xmlns:D="DAV:"><D:prop><C:calendar-data/></D:prop><C:filter>'
        f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{_range(within)}</C:comp-filter></C:comp-filter>'
        "</C:filter></C:calendar-query>"
    )


def etag(answer: bytes | None) -> str:
    """Read the answer to `GET_ETAG`; nothing where it is none."""
    try:
        return ET.fromstring(answer or b"").findtext(".//{DAV:}getetag") or ""  # noqa: S314 - bounded, see `_is_occupied`
    except ET.ParseError:
        return ""


def busy_times(answer: bytes) -> tuple[Period, ...]:
    """Read the answer to `free_busy`.

    Raises:
        Unreadable: it is none.
    """
    with _reading():
        components = Calendar.from_ical(answer).walk("VFREEBUSY")
        if not components:
            raise Unreadable
        found = (component.get("FREEBUSY", []) for component in components)
        times = (time for one in found for time in (one if isinstance(one, list) else [one]))
        return tuple(
            Period(_aware(time.start), _aware(time.end)) for time in times if time.params.get("FBTYPE") != "FREE"
        )


def occupied(answer: bytes, besides: str) -> bool:
    """Tell from the answer to `entries` whether anything but the entry with the UID `besides` takes up time.

    Raises:
        Unreadable: it is none.
    """
    with _reading():
        return _is_occupied(answer, besides)


def _is_occupied(answer: bytes, besides: str) -> bool:
    root = ET.fromstring(answer)  # noqa: S314 - bounded, and expat ends what expands without end
    if root.tag != "{DAV:}multistatus":
        raise Unreadable
    objects = root.iter(f"{{{_CALDAV}}}calendar-data")
    # an object holds entries of one UID alone (RFC 4791 §4.1), and to read it takes 3 ms
    others = (text for text in (one.text or "" for one in objects) if f"UID:{besides}" not in text.splitlines())
    events = (event for one in others for event in Calendar.from_ical(one).walk("VEVENT"))
    return any(
        event.get("UID") != besides and event.get("TRANSP") != "TRANSPARENT" and event.get("STATUS") != "CANCELLED"
        for event in events
    )


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise Unreadable from error


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _range(within: Period) -> str:
    return f'<C:time-range start="{_utc(within.start)}" end="{_utc(within.end)}"/>'


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
