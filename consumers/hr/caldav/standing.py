"""What stands in a calendar where an interview belongs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self

from icalendar import Calendar, Event

from choreography import Reject
from consumers.hr.booked import FINAL, FIRST, MARK, Booked
from consumers.hr.slots import Period


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
            events = [one for one in Calendar.from_ical(content).walk("VEVENT") if isinstance(one, Event)]
            if events and events[0].get("UID") == uid:
                return cls(events[0], content, etag, _booked(events[0]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # what icalendar raises on broken input
            raise Reject("The interview in the HR calendar cannot be read. Mend or delete it, then release.") from error
        raise Reject("Another entry stands in the HR calendar where the interview belongs. Move it, then release.")


def _booked(event: Event) -> Booked:
    is_cancelled = bool(event.get("STATUS") == "CANCELLED")
    return Booked(
        period=Period(_moment(event.start), _moment(event.end)),
        sequence=int(event.get("SEQUENCE", 0)),
        version=int(event.get(MARK, FINAL if is_cancelled else FIRST)),
        is_cancelled=is_cancelled,
    )


def _moment(found: date) -> datetime:
    """Return when a day begins that stands where a time is expected, and take a time without a zone as UTC."""
    if not isinstance(found, datetime):
        return datetime.combine(found, time.min, UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
