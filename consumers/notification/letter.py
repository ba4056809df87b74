"""The words of a mail, from the templates beside this file, and its form; the HTML is the text once more, escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from textwrap import fill
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from consumers.notification.ports import Person, Sender
from schemas import ExitEvent
from schemas.notification import NotificationFailureCause, NotificationKind, RecipientRole


@dataclass(frozen=True)
class Recipient:
    """Somebody who may be written to.

    Attributes:
        id: the employee id; `None` for the HR mailbox.
        obstacle: why this one cannot be written to; empty when nothing is known against it.
    """

    role: RecipientRole
    name: str = ""
    address: str = ""
    id: str | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Matter:
    """What is to be told.

    Attributes:
        employee: the person concerned, where the directory knows for certain who that is.
        withheld: whether the manager is not told, so that HR has to decide.
        problem: why the manager cannot be told, so that HR has to do it.
        answers: the Message-ID of the mail that this one continues.
    """

    event: ExitEvent
    kind: NotificationKind
    employee: Person | None
    withheld: bool = False
    problem: NotificationFailureCause | None = None
    answers: str | None = None


def write(key: UUID, matter: Matter, to: Recipient, passed_over: Sequence[Recipient], sender: Sender) -> EmailMessage:
    """Write a mail (RFC 5322); from the same words the same bytes.

    Args:
        key: identifies it; its Message-ID is made from it.
        matter: what it tells.
        to: who gets it.
        passed_over: those who should have got it; they are named in it, with the obstacle.
        sender: who writes it.
    """
    words = {**vars(matter), "to": to, "passed_over": passed_over}
    written = _templates().get_template("letter.txt").render(words)
    paragraphs = [_harmless(part) for part in written.split("\n\n") if part.strip()]
    text = "\n\n".join(fill(part, 72, break_long_words=False, break_on_hyphens=False) for part in paragraphs)
    subject = f"A staff matter for your attention (case {str(matter.event.case_id)[-8:]})"
    user, _, domain = to.address.rpartition("@")
    mail = EmailMessage(SMTP)
    mail["From"] = sender.address
    mail["To"] = Address(_harmless(to.name), user, domain)
    mail["Subject"] = f"Re: {subject}" if matter.answers else subject
    mail["Date"] = matter.event.occurred_at
    mail["Message-ID"] = f"<{key}@{sender.domain}>"
    if matter.answers:
        mail["In-Reply-To"] = mail["References"] = matter.answers
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note is to answer
    mail.set_content(text + "\n", cte="quoted-printable")
    html = _templates().get_template("letter.html").render(paragraphs=paragraphs)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{key.hex}")
    return mail


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        finalize=lambda value: _harmless(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["in_words"] = _in_words
    return templates


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _harmless(text: str) -> str:
    """Put names and ids from elsewhere on one line, without control characters or changes of direction."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
