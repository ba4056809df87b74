"""What stands where an interview was called off: an entry that takes no time, and that nothing is put in place of.

A member that was paused before its request, or a request that was long on its way, asks for the interview to be put
where there is none (`If-None-Match: *`). An interview that is deleted leaves nothing that could refuse it; this does.
It names nobody but the organizer, who owns the calendar.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event

from consumers.hr.booked import MARK
from consumers.hr.entry import PRODUCT, InterviewSlot


@dataclass(frozen=True)
class Tombstone:
    """An interview that was called off.

    Attributes:
        version: the `case_version` of the event that called it off; the entry's `SEQUENCE` grows in any case.
        stamp: when it was called off; not the present time, so that a repeat gives the same bytes.
        title: what the calendar shows.
    """

    slot: InterviewSlot
    version: int
    stamp: datetime
    title: str

    def sequence_over(self, over: int | None) -> int:
        """Return the `SEQUENCE` in place of an object that has this one, or of nothing."""
        return self.version if over is None else max(self.version, over + 1)

    def ical(self, over: Event | None = None) -> bytes:
        """Return the object as a calendar stores it, to stand in place of `over`, or of nothing."""
        event = Event()
        event.add("uid", self.slot.uid)
        event.add("sequence", self.sequence_over(int(over.get("SEQUENCE", 0)) if over else None))
        event.add("dtstamp", self.stamp.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", self.slot.period.start.astimezone(UTC))
        event.add("dtend", self.slot.period.end.astimezone(UTC))
        event.add("summary", self.title)
        event.add("class", "CONFIDENTIAL")
        event.add("status", "CANCELLED")
        event.add("transp", "TRANSPARENT")
        event.add(MARK, str(self.version))
        if over is not None and "ORGANIZER" in over:
            event.add("organizer", over["ORGANIZER"])
        calendar = Calendar()
        calendar.add("version", "2.0")
        calendar.add("prodid", PRODUCT)
        calendar.add_component(event)
        written: bytes = calendar.to_ical()
        return written
