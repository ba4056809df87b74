"""The mails about an interview (iMIP, RFC 6047): their words are templates, and a repeat has the same bytes.

Subjects are neutral. What goes to those who take part does not say that somebody leaves, also where HR gets it as well;
what goes to HR alone does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from consumers.hr.entry import Entry
from consumers.hr.ports import Ports
from consumers.shared.letters import Address
from schemas import ExitEvent
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewNotPossible,
    HolidaysKnown,
    InterviewObstacle,
    InvitationMethod,
)

ForHr = Literal["task", "no_task"]
ToHr = ExitInterviewNotPossible | ExitInterviewCancelled


@dataclass(frozen=True)
class About:
    """What a mail to those who take part is about.

    Attributes:
        words: which template.
        is_moved: whether they were told of another time before.
        previous: that time; `None` where it is not the one from which the interview was moved.
        for_hr: whether HR as a whole gets it, too.
        clash: whether one of them has something else at that time.
        holidays: which public holidays were left out.
        place: where, as the resignation says.
        cause: why no interview can be held.
        last_working_day: until when it was to be held.
    """

    words: Literal["request", "cancel", "task_instead"]
    is_moved: bool = False
    previous: datetime | None = None
    for_hr: bool = False
    clash: bool = False
    holidays: HolidaysKnown = HolidaysKnown.UNKNOWN
    place: str = ""
    cause: InterviewObstacle = InterviewObstacle.UNKNOWN
    last_working_day: date | None = None

    @property
    def method(self) -> InvitationMethod:
        """What calendars are to do."""
        return InvitationMethod.REQUEST if self.words == "request" else InvitationMethod.CANCEL


def to_participants(about: About, entry: Entry, event: ExitEvent, key: UUID, ports: Ports) -> EmailMessage:
    """Invite to an entry or call it off, in one mail to all of them; a calendar reads it from the last part."""
    to = [party._replace(name="") for party in (entry.organizer, *entry.invited)]  # addresses alone, as there are two
    if about.for_hr or not entry.invited:
        to.append(Address("", ports.hr.address, ports.hr.language))
    message = ports.letters.write(f"interview/{about.words}", words_of(about, entry, event), to, event, key=key)
    message["Reply-To"] = entry.organizer.address
    method = about.method
    kind = {"method": str(method), "charset": "utf-8"}
    # as bytes: of a text the lines would end as those of this machine do, and not as RFC 5545 §3.1 wants them
    message.add_alternative(entry.ical(method), maintype="text", subtype="calendar", params=kind, cte="base64")
    return message


def to_hr(words: ForHr, name: str, event: ToHr, key: UUID, ports: Ports) -> EmailMessage:
    """Ask HR to arrange an interview by hand, or say that it need not any more."""
    to = [Address("", ports.hr.address, ports.hr.language)]
    return ports.letters.write(f"interview/{words}", words_for_hr(name, event), to, event, key=key)


def title_of_cancelled(ports: Ports) -> str:
    """Return what a calendar shows where an interview was called off."""
    return ports.letters.line("interview/title", {"is_cancelled": True}, ports.hr.language)


def words_of(about: About, entry: Entry, event: ExitEvent) -> Mapping[str, object]:
    """Return what a mail to those who take part may say."""
    zone = ZoneInfo(entry.slot.time_zone)
    return {
        **_common(event, to_hr=False, is_cancelled=about.method is InvitationMethod.CANCEL),
        "names": [party.name for party in (entry.organizer, *entry.invited)],
        **_moment("", entry.slot.start, zone),
        **_moment("previous_", about.previous, zone),
        "zone": entry.slot.time_zone,
        "minutes": entry.slot.minutes,
        "is_moved": about.is_moved,
        "for_hr": about.for_hr,
        "clash": about.clash,
        "holidays": str(about.holidays),
        "place": about.place,
        "cause": str(about.cause),
        "last_working_day": about.last_working_day,
        "unreachable": "" if entry.invited else event.employee_id,
    }


def words_for_hr(name: str, event: ToHr) -> Mapping[str, object]:
    """Return what a mail to HR alone may say."""
    return {
        **_common(event, to_hr=True, is_cancelled=isinstance(event, ExitInterviewCancelled)),
        "name": name,
        "employee_id": event.employee_id,
        "cause": str(event.cause),
        "last_working_day": event.last_working_day if isinstance(event, ExitInterviewNotPossible) else None,
    }


def _common(event: ExitEvent, *, to_hr: bool, is_cancelled: bool) -> dict[str, object]:
    case = str(event.case_id)
    return {"case": case, "short_case": case[-8:], "to_hr": to_hr, "is_cancelled": is_cancelled}


def _moment(prefix: str, moment: datetime | None, zone: ZoneInfo) -> dict[str, Any]:
    local = moment and moment.astimezone(zone)
    return {f"{prefix}day": local and local.date(), f"{prefix}time": f"{local:%H:%M}" if local else ""}
