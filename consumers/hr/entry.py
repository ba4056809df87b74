"""An interview as an iCalendar object (RFC 5545), for the calendar and for the mail.

The same input gives the same bytes. The title is neutral and the class confidential: whoever sees the calendar
learns nothing. Everybody is invited by mail, so the calendar server must not invite as well (`SCHEDULE-AGENT`,
RFC 6638).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from consumers.hr.slots import Period
from schemas.hr import InvitationMethod

TITLE: Final = "Conversation"


class Address(NamedTuple):
    """A name and where mails for it go."""

    name: str
    mail: str


@dataclass(frozen=True)
class Entry:
    """An entry in a calendar.

    Attributes:
        sequence: grows when the entry changes.
        time_zone: the zone in which the time is shown.
        stamp: when this version came to be; not the present time, so that a repeat gives the same bytes.
        organizer: who holds the interview, and takes part.
        invited: who else takes part, where they can be written to.
    """

    uid: str
    sequence: int
    period: Period
    time_zone: str
    stamp: datetime
    organizer: Address
    invited: Sequence[Address]

    def ical(self, method: InvitationMethod | None = None) -> bytes:
        """Return the object; `method` makes it a message (RFC 5546), without it is what a calendar stores."""
        calendar = Calendar()
        calendar.add("version", "2.0")
        calendar.add("prodid", "-//Exit Management System//HR//EN")
        if method is not None:
            calendar.add("method", method.value)
        calendar.add_component(self._event(cancelled=method is InvitationMethod.CANCEL))
        year = self.period.start.year
        calendar.add_missing_timezones(first_date=date(year - 1, 1, 1), last_date=date(year + 1, 12, 31))
        written: bytes = calendar.to_ical()
        return written

    def _event(self, *, cancelled: bool) -> Event:
        zone = ZoneInfo(self.time_zone)
        event = Event()
        event.add("uid", self.uid)
        event.add("sequence", self.sequence)
        event.add("dtstamp", self.stamp.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", self.period.start.astimezone(zone))
        event.add("dtend", self.period.end.astimezone(zone))
        event.add("summary", TITLE)
        event.add("class", "CONFIDENTIAL")
        event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        event.add("organizer", _address(self.organizer))
        event.add("attendee", _address(self.organizer, ROLE="CHAIR", PARTSTAT="ACCEPTED"))
        for one in self.invited:
            event.add("attendee", _address(one, ROLE="REQ-PARTICIPANT", PARTSTAT="NEEDS-ACTION", RSVP="TRUE"))
        return event


def uid_of(case_id: UUID) -> str:
    """Return the UID of the interview of a case."""
    return f"interview-{case_id}"


def _address(to: Address, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{to.mail}")
    name = " ".join(to.name.replace('"', "'").split())
    address.params.update({"CN": name, "SCHEDULE-AGENT": "CLIENT", **parameters})
    return address
