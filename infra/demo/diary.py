"""What the calendars prove: the interview is booked where both are free, stands, or is gone; read by CalDAV."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from infra.demo.cast import Cast
from infra.demo.proof import Proof
from infra.sandbox.probes import Calendars, Meeting

WHERE: Final = "calendar (CalDAV)"


@dataclass(frozen=True)
class Diary:
    """Everything in the calendars of the leaver and the HR partner at one time."""

    leaver: tuple[Meeting, ...]
    partner: tuple[Meeting, ...]

    @classmethod
    def read(cls, calendars: Calendars, cast: Cast) -> "Diary":
        """Read both calendars."""
        return cls(calendars.meetings(cast.leaver.employee_id), calendars.meetings(cast.partner.employee_id))

    def booked_since(self, before: "Diary", case_id: UUID, cast: Cast) -> Proof:
        """Prove that one interview was booked, at a time when both are free, and nothing else changed."""
        new = [one for one in self.partner if one not in before.partner]
        if self.leaver != before.leaver or len(new) != 1 or len(self.partner) != len(before.partner) + 1:
            return Proof("one interview, and nothing else changed", WHERE, f"{len(new)} new or changed entries")
        (interview,) = new
        clashes = [one for one in (*before.leaver, *before.partner) if _overlap(one, interview)]
        found = _complaint(interview, case_id, cast) or (f"a clash with {clashes[0].title}" if clashes else "")
        return Proof(f"interview {_when(interview, cast)}, both free", WHERE, found)

    def unchanged_since(self, before: "Diary", what: str) -> Proof:
        """Prove that both calendars hold exactly what they held."""
        now, then = {*self.leaver, *self.partner}, {*before.leaver, *before.partner}
        return Proof(what, WHERE, "" if self == before else f"{len(now ^ then)} entries differ")


def _complaint(interview: Meeting, case_id: UUID, cast: Cast) -> str:
    parties = {cast.leaver.mail, cast.partner.mail}
    if str(case_id) not in interview.uid:
        return f"an entry of another case ({interview.uid})"
    if set(interview.attendees) != parties:
        return f"it with {', '.join(interview.attendees)}"
    return "" if interview.status == "CONFIRMED" else f"it {interview.status}"


def _overlap(one: Meeting, other: Meeting) -> bool:
    times = (one.start, one.end, other.start, other.end)
    if not all(isinstance(time, datetime) for time in times):
        return False  # nobody is busy all day
    return one.start < other.end and other.start < one.end


def _when(interview: Meeting, cast: Cast) -> str:
    zone = cast.leaver.office.zone
    start = interview.start
    return f"{start.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}" if isinstance(start, datetime) else str(start)
