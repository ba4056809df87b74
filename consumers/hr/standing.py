"""What stands in a calendar where an interview belongs."""

from dataclasses import dataclass
from typing import Self

from icalendar import Calendar, Event

from choreography import Reject
from consumers.hr.slots import Period


@dataclass(frozen=True)
class Standing:
    """An entry as it was read, and its ETag."""

    event: Event
    etag: str

    @classmethod
    def read(cls, content: bytes, etag: str, uid: str) -> Self:
        """Read an object as a calendar stores it.

        Raises:
            Reject: it is not the interview with this UID.
        """
        events = [one for one in Calendar.from_ical(content).walk("VEVENT") if isinstance(one, Event)]
        if not events or events[0].get("UID") != uid:
            raise Reject("Another entry stands in the HR calendar where the interview belongs. Move it, then release.")
        return cls(events[0], etag)

    @property
    def is_cancelled(self) -> bool:
        """Whether it was called off: it takes no time, and nothing is put in its place."""
        return bool(self.event.get("STATUS") == "CANCELLED")

    @property
    def period(self) -> Period:
        """From when to when."""
        return Period(self.event.decoded("DTSTART"), self.event.decoded("DTEND"))
