"""The mails about an interview (iMIP, RFC 6047): their words are templates, and a repeat has the same bytes.

Subjects are neutral. What goes to those who take part does not say that somebody leaves, also where HR gets it as well;
what goes to HR alone does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from consumers.hr.entry import TITLE, Entry, one_line
from consumers.hr.ports import Sender
from schemas import ExitEvent
from schemas.hr import HolidaysKnown, InterviewObstacle, InvitationMethod

Words = Literal["task", "no_task"]


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


def to_participants(about: About, entry: Entry, event: ExitEvent, key: UUID, sender: Sender) -> EmailMessage:
    """Invite to an entry or call it off; a calendar reads it from the second part."""
    parties = (entry.organizer, *entry.invited)
    zone = entry.slot.time_zone
    text = _text(
        about.words,
        about=about,
        names=" and ".join(party.name for party in parties),
        minutes=entry.slot.minutes,
        when=_when(entry.slot.start, zone),
        previously=_when(about.previous, zone) if about.previous else None,
        unreachable=None if entry.invited else event.employee_id,
        case=str(event.case_id)[-8:],
    )
    subject = f"{'Cancelled' if about.method is InvitationMethod.CANCEL else 'Invitation'}: {TITLE}"
    to = [party.mail for party in parties]
    if about.for_hr or not entry.invited:
        to.append(sender.hr_mailbox)
    message = _message(subject, text, event, key, sender, to=to)
    message["Reply-To"] = entry.organizer.mail
    method = about.method
    kind = {"method": str(method), "charset": "utf-8"}
    # as bytes: of a text the lines would end as those of this machine do, and not as RFC 5545 §3.1 wants them
    message.add_alternative(entry.ical(method), maintype="text", subtype="calendar", params=kind, cte="base64")
    message.set_boundary(f"=_{key.hex}")
    return message


def _when(start: datetime, zone: str) -> str:
    local = start.astimezone(ZoneInfo(zone))
    return f"{_in_words(local)}, {local:%H:%M} ({zone})"


def _in_words(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"


def to_hr(words: Words, employee: str, event: ExitEvent, key: UUID, sender: Sender) -> EmailMessage:
    """Ask HR to arrange an interview by hand, or say that it need not any more."""
    subject = f"A conversation to arrange (case {str(event.case_id)[-8:]})"
    return _message(subject, _text(words, employee=employee, event=event), event, key, sender, to=[sender.hr_mailbox])


def _message(
    subject: str, text: str, event: ExitEvent, key: UUID, sender: Sender, *, to: Iterable[str]
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender.address
    message["To"] = ", ".join(dict.fromkeys(to))
    message["Subject"] = subject
    message["Date"] = format_datetime(event.occurred_at)
    message["Message-ID"] = f"<{key}@{sender.domain}>"
    message["References"] = f"<{event.case_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message


def _text(name: str, **words: object) -> str:
    return _templates().get_template(f"{name}.txt").render(words)


@cache
def _templates() -> Environment:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    templates = Environment(  # noqa: S701 - plain text
        loader=folder,
        undefined=StrictUndefined,
        finalize=lambda value: one_line(value) if type(value) is str else value,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["in_words"] = _in_words
    return templates
