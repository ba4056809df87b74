"""What stands in a calendar where an interview belongs."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from icalendar import Event

from choreography import Reject
from consumers.hr.booked import FINAL, FIRST, MARK, Booked
from consumers.hr.caldav.objects import BROKEN, parsed, period_of, unfolded, word


@dataclass(frozen=True)
class Standing:
    """An entry as it was read, the bytes that it was read from, and its ETag."""

    event: Event
    content: bytes
    etag: str
    booked: Booked

    @classmethod
    def read(cls, content: bytes, etag: str, uid: str) -> Self:
        """Read an object as a calendar stores it.

        Raises:
            Reject: it is not the interview with this UID, or cannot be read.
        """
        try:
            calendar = parsed(unfolded(content.decode("utf-8", "replace")))
            events = [one for one in calendar.walk("VEVENT") if isinstance(one, Event)]
            if events and events[0].get("UID") == uid:
                return cls(events[0], content, etag, _booked(events[0], ZoneInfo("UTC")))
        except BROKEN as error:
            raise Reject("The interview in the HR calendar cannot be read. Mend or delete it, then release.") from error
        raise Reject("Another entry stands in the HR calendar where the interview belongs. Move it, then release.")

    @property
    def is_local(self) -> bool:
        """Whether it is a day, or says no zone, so that it depends on whose calendar it is when that is."""
        start = self.event.start
        return not isinstance(start, datetime) or start.tzinfo is None

    def where(self, zone: ZoneInfo) -> Self:
        """Return the entry as somebody in this zone means it."""
        return replace(self, booked=_booked(self.event, zone))


def _booked(event: Event, zone: ZoneInfo) -> Booked:
    is_cancelled = word(event, "STATUS") == "CANCELLED"
    return Booked(
        period=period_of(event, zone),
        sequence=int(event.get("SEQUENCE", 0)),
        version=int(event.get(MARK, FINAL if is_cancelled else FIRST)),
        is_cancelled=is_cancelled,
    )
