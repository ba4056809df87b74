"""An interview as an iCalendar object (RFC 5545), for the calendar and for the mail.

The same input gives the same bytes. The title is neutral and the class confidential: whoever sees the calendar
learns nothing. Everybody is invited by mail, so the calendar server must not invite as well (`SCHEDULE-AGENT`,
RFC 6638).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress
from pydantic import AwareDatetime, BaseModel, ConfigDict

from consumers.hr.booked import MARK
from consumers.hr.slots import LENGTH, MINUTE, Period
from consumers.shared.letters import Address
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    HolidaysKnown,
    InvitationMethod,
)

Told = ExitInterviewScheduled | ExitInterviewMoved | ExitInterviewCancelled | ExitInterviewNotPossible

PRODUCT: Final = "-//Exit Management System//HR//EN"
# in no value of a parameter, nor a double quote (RFC 5545 §3.1)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class InterviewSlot(BaseModel):
    """Where and when an interview takes place; written down before it is booked.

    Attributes:
        uid: the entry's, derived from the case.
        interviewer_id: in whose calendar it is.
        time_zone: the employee's, in which the time is shown.
        same_day: whether time was so short that it is on the day on which it was chosen.
        holidays: which public holidays were left out when it was chosen.
    """

    model_config = ConfigDict(frozen=True)

    uid: str
    interviewer_id: str
    start: AwareDatetime
    minutes: int = LENGTH // MINUTE
    time_zone: str
    same_day: bool = False
    holidays: HolidaysKnown = HolidaysKnown.UNKNOWN

    @property
    def period(self) -> Period:
        """From when to when."""
        return Period(self.start, self.start + self.minutes * MINUTE)

    def at(self, period: Period) -> Self:
        """Return the same interview at another time; a period without a length leaves it as long as it is."""
        minutes = (period.end - period.start) // MINUTE
        return self.model_copy(update={"start": period.start, "minutes": minutes if minutes > 0 else self.minutes})


@dataclass(frozen=True)
class Entry:
    """An entry in a calendar.

    Attributes:
        sequence: grows when the entry changes; of an entry to be booked, the `case_version` of the event that books it.
        stamp: when this version came to be; not the present time, so that a repeat gives the same bytes.
        organizer: who holds the interview, and takes part.
        invited: who else takes part, where they can be written to.
        title: what calendars show; neutral, since others see it there.
    """

    slot: InterviewSlot
    sequence: int
    stamp: datetime
    organizer: Address
    invited: Sequence[Address]
    title: str

    def ical(self, method: InvitationMethod | None = None, *, over: int | None = None) -> bytes:
        """Return the object; `method` makes it a message (RFC 5546), without it is what a calendar stores.

        Args:
            method: of the message.
            over: the `SEQUENCE` of the stored object in whose place it is to stand.
        """
        calendar = Calendar()
        calendar.add("version", "2.0")
        calendar.add("prodid", PRODUCT)
        if method is not None:
            calendar.add("method", method.value)
        event = self._event(cancelled=method is InvitationMethod.CANCEL, sequence=self.sequence_over(over))
        if method is None:  # what follows is for the server alone (RFC 6638 §7.1)
            for one in (event.organizer, *event.attendees):
                one.params["SCHEDULE-AGENT"] = "CLIENT"
            event.add(MARK, str(self.sequence))
        calendar.add_component(event)
        year = self.slot.start.year
        calendar.add_missing_timezones(first_date=date(year - 1, 1, 1), last_date=date(year + 1, 12, 31))
        written: bytes = calendar.to_ical()
        return written

    def sequence_over(self, over: int | None) -> int:
        """Return the `SEQUENCE` in place of an object that has this one, or of nothing."""
        return self.sequence if over is None else max(self.sequence, over + 1)

    def _event(self, *, cancelled: bool, sequence: int) -> Event:
        zone = ZoneInfo(self.slot.time_zone)
        event = Event()
        event.add("uid", self.slot.uid)
        event.add("sequence", sequence)
        event.add("dtstamp", self.stamp.astimezone(UTC).replace(microsecond=0))
        event.add("dtstart", self.slot.period.start.astimezone(zone))
        event.add("dtend", self.slot.period.end.astimezone(zone))
        event.add("summary", self.title)
        event.add("class", "CONFIDENTIAL")
        event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
        event.add("organizer", _address(self.organizer))
        event.add("attendee", _address(self.organizer, CUTYPE="INDIVIDUAL", ROLE="CHAIR", PARTSTAT="ACCEPTED"))
        for one in self.invited:
            asked = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
            event.add("attendee", _address(one, **asked))
        return event


def uid_of(case_id: UUID) -> str:
    """Return the UID of the interview of a case."""
    return f"interview-{case_id}"


def slot_of(fact: Told) -> InterviewSlot | None:
    """Return the slot of which a fact tells, if it tells of one."""
    if fact.start is None or fact.time_zone is None:
        return None
    return InterviewSlot(
        uid=uid_of(fact.case_id),
        interviewer_id=fact.calendar_owner_id or "",
        start=fact.start,
        minutes=fact.duration_minutes,
        time_zone=fact.time_zone,
    )


def _address(to: Address, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{to.address}")
    address.params.update({"CN": _CONTROLS.sub(" ", to.name).replace('"', "'"), **parameters})
    return address
