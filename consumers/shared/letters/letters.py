"""A mail in the form that it is sent in (RFC 5322); from the same words the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import headerregistry
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple
from uuid import UUID

from consumers.shared.letters.names import for_header
from consumers.shared.letters.wording import Templates
from schemas import ExitEvent


class Address(NamedTuple):
    """A name, where mails for it go, and the language that their reader prefers, such as `de-AT`.

    The name is empty where only the address is to be shown.
    """

    name: str
    address: str
    language: str | None = None


@dataclass(frozen=True)
class Letters:
    """Writes mails from templates.

    Attributes:
        templates: the words.
        sender: the address of who writes.
        domain: the right-hand side of a Message-ID.
    """

    templates: Templates
    sender: str
    domain: str

    def write(
        self,
        template: str,
        words: Mapping[str, object],
        to: Sequence[Address],
        event: ExitEvent,
        *,
        key: UUID,
        answers: str | None = None,
    ) -> EmailMessage:
        """Write a mail, in text and HTML; all mails of a case are one thread, whoever gets which of them.

        Args:
            template: what it says.
            words: what the template may say.
            to: who gets it; it is written in the language of each, in the order in which they stand here.
            event: what it is about.
            key: identifies it; its Message-ID is made from it.
            answers: the Message-ID of the mail that it continues.
        """
        text = self.templates.text(template, words, [one.language for one in to])
        thread = f"<{event.case_id}@{self.domain}>"  # a mail that nobody got, which readers take for the first
        mail = EmailMessage(SMTP)
        mail["From"] = self.sender
        mail["To"] = tuple({one.address: _in_header(one) for one in to}.values())
        mail["Subject"] = text.subject
        mail["Date"] = event.occurred_at
        mail["Message-ID"] = f"<{key}@{self.domain}>"
        if answers:
            mail["In-Reply-To"] = answers
        mail["References"] = f"{thread} {answers}" if answers else thread
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note is to answer
        mail.set_content(text.text, cte="quoted-printable")
        mail.add_alternative(text.html, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{key.hex}")
        return mail

    def line(self, template: str, words: Mapping[str, object], language: str | None) -> str:
        """Say something in one line, in a language."""
        return self.templates.line(template, words, language)

    def one_line(self, name: str) -> str:
        """Return a name from elsewhere as it may stand in a header, or in a calendar."""
        return for_header(name)


def _in_header(to: Address) -> headerregistry.Address:
    user, _, domain = to.address.rpartition("@")
    return headerregistry.Address(for_header(to.name), user, domain)
