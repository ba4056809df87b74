"""What stands in people's calendars: read by CalDAV (RFC 4791)."""

from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Final, Self
from xml.etree import ElementTree as ET

import httpx2
from icalendar import Calendar, Event

_QUERY: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>'
    "</C:calendar-query>"
)
_NAMES: Final = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}


@dataclass(frozen=True)
class Meeting:
    """An event in a calendar.

    Attributes:
        path: of the stored object on the server.
        etag: changes whenever the object does.
        attendees: addresses without `mailto:`.
        organizer: the same; empty without one.
        classification: such as `CONFIDENTIAL`; `PUBLIC` where nothing is said.
        raw: the stored object.
    """

    path: str
    etag: str
    uid: str
    sequence: int
    title: str
    start: datetime | date
    end: datetime | date
    status: str
    organizer: str
    attendees: tuple[str, ...]
    classification: str
    raw: str

    @property
    def is_cancelled(self) -> bool:
        """Whether it was called off, and only its entry is left."""
        return self.status == "CANCELLED"


class Calendars:
    """The calendar server, as somebody sees it who knows its address only.

    Args:
        url: under which each person's folder lies.
        seconds: how long one request may take.
    """

    def __init__(self, url: str, *, seconds: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._client = httpx2.Client(timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def meetings(self, employee_id: str) -> tuple[Meeting, ...]:
        """Return everything that takes place in the person's calendar, by start; nothing where there is no calendar.

        Raises:
            httpx2.HTTPError: the server is away or refuses.
        """
        answer = self._client.request(
            "REPORT",
            f"{self._url}/{employee_id}/calendar/",
            content=_QUERY,
            headers={"Depth": "1", "Content-Type": "application/xml; charset=utf-8"},
        )
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return ()
        tree = ET.fromstring(answer.raise_for_status().content)  # noqa: S314 - our own server's answer
        found = [one for response in tree.findall("D:response", _NAMES) for one in _meetings(response)]
        return tuple(sorted((one for one in found if not one.is_cancelled), key=lambda one: (str(one.start), one.uid)))

    def meeting(self, employee_id: str, uid: str) -> Meeting | None:
        """Return the event with this UID in the person's calendar, if it takes place."""
        return next((one for one in self.meetings(employee_id) if one.uid == uid), None)


def _meetings(response: ET.Element) -> list[Meeting]:
    path = response.findtext("D:href", "", _NAMES)
    etag = response.findtext("D:propstat/D:prop/D:getetag", "", _NAMES)
    raw = response.findtext("D:propstat/D:prop/C:calendar-data", "", _NAMES)
    return [_meeting(path, etag, raw, event) for event in Calendar.from_ical(raw).events]


def _meeting(path: str, etag: str, raw: str, event: Event) -> Meeting:
    return Meeting(
        path=path,
        etag=etag,
        uid=str(event.get("UID", "")),
        sequence=int(event.get("SEQUENCE", 0)),
        title=str(event.get("SUMMARY", "")),
        start=event.start,
        end=event.end,
        status=str(event.get("STATUS", "")),
        organizer=_address(event.get("ORGANIZER", "")),
        attendees=tuple(_address(one) for one in _several(event.get("ATTENDEE", []))),
        classification=str(event.get("CLASS", "PUBLIC")),
        raw=raw,
    )


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _address(value: object) -> str:
    text = str(value)
    return text[len("mailto:") :] if text.lower().startswith("mailto:") else text
