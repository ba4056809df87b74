"""The mails about an interview (iMIP, RFC 6047): their words are templates, and a repeat has the same bytes.

Subjects are neutral. What goes to those who take part does not say that somebody leaves; what goes to HR does.
"""

from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from consumers.hr.entry import TITLE, Entry
from consumers.hr.ports import Sender
from schemas import ExitEvent
from schemas.hr import InvitationMethod

Words = Literal["task", "no_task"]


def to_participants(
    method: InvitationMethod, entry: Entry, event: ExitEvent, key: UUID, sender: Sender
) -> EmailMessage:
    """Invite to an entry or call it off; a calendar reads it from the second part."""
    parties = (entry.organizer, *entry.invited)
    zone = entry.slot.time_zone
    start = entry.slot.start.astimezone(ZoneInfo(zone))
    text = _text(
        method.lower(),
        names=" and ".join(party.name for party in parties),
        minutes=entry.slot.minutes,
        when=f"{start:%A}, {start.day} {start:%B %Y}, {start:%H:%M} ({zone})",
        unreachable=None if entry.invited else event.employee_id,
    )
    subject = f"{'Cancelled' if method is InvitationMethod.CANCEL else 'Invitation'}: {TITLE}"
    to = [party.mail for party in parties] + ([] if entry.invited else [sender.hr_mailbox])
    message = _message(subject, text, event, key, sender, to=to)
    message["Reply-To"] = entry.organizer.mail
    message.add_alternative(entry.ical(method).decode(), subtype="calendar", params={"method": method}, cte="base64")
    message.set_boundary(f"=_{key.hex}")
    return message


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
    return Environment(  # noqa: S701 - plain text
        loader=folder,
        undefined=StrictUndefined,
        finalize=lambda value: _one_line(value) if type(value) is str else value,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
