"""A mail: what its template may say, and its form (RFC 5322); from the same words the same bytes."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

from consumers.notification.matter import Matter, Recipient
from consumers.notification.names import for_header, isolated
from consumers.notification.ports import Sender, Text
from schemas import ExitEvent


def words_of(matter: Matter, to: Recipient, passed_over: Sequence[Recipient]) -> dict[str, object]:
    """Return what a letter may say.

    Args:
        matter: what it tells.
        to: who gets it.
        passed_over: those who should have got it; they are named in it, with the obstacle.
    """
    event, employee = matter.event, matter.employee
    return {
        **common_words(event, isolated(employee.display_name) if employee else "", follows=matter.follows_for(to)),
        "kind": str(matter.kind),
        "recipient": isolated(to.name),
        "role": str(to.role),
        "submitted_on": matter.days.submitted_on,
        "last_working_day": matter.days.last_working_day,
        "has_left": matter.days.are_over(event.occurred_at),
        "withheld": matter.withheld,
        "manager_told": matter.manager_told,
        "problem": str(matter.problem or ""),
        "passed_over": [
            {"role": str(one.role), "name": isolated(one.name), "obstacle": str(one.obstacle)} for one in passed_over
        ],
    }


def common_words(event: ExitEvent, name: str, *, follows: bool) -> dict[str, object]:
    """Return what any mail may say of an event, and of the person concerned."""
    return {
        "employee_id": isolated(event.employee_id),
        "name": name,
        "case": str(event.case_id),
        "short_case": str(event.case_id)[-8:],
        "follows": follows,
    }


def write(
    key: UUID, event: ExitEvent, to: Recipient, text: Text, sender: Sender, *, answers: str | None = None
) -> EmailMessage:
    """Write a mail; all mails of a case are one thread, whoever gets which of them.

    Args:
        key: identifies it; its Message-ID is made from it.
        event: what it is about.
        to: who gets it.
        text: what it says.
        sender: who writes it.
        answers: the Message-ID of the mail that it continues.
    """
    user, _, domain = to.address.rpartition("@")
    thread = f"<{event.case_id}@{sender.domain}>"  # a mail that nobody got, which readers take for the first
    mail = EmailMessage(SMTP)
    mail["From"] = sender.address
    mail["To"] = Address(for_header(to.name), user, domain)
    mail["Subject"] = text.subject
    mail["Date"] = event.occurred_at
    mail["Message-ID"] = f"<{key}@{sender.domain}>"
    if answers:
        mail["In-Reply-To"] = answers
    mail["References"] = f"{thread} {answers}" if answers else thread
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note is to answer
    mail.set_content(text.text, cte="quoted-printable")
    mail.add_alternative(text.html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{key.hex}")
    return mail
