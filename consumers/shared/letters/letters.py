"""A mail in the form that it is sent in (RFC 5322); from the same words the same bytes."""

from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from uuid import UUID

from consumers.shared.letters.names import for_header
from consumers.shared.letters.wording import Templates
from schemas import ExitEvent


class Addressee(Protocol):
    """Somebody who gets a mail."""

    @property
    def name(self) -> str: ...  # noqa: D102 - empty where only the address is to be shown
    @property
    def address(self) -> str: ...  # noqa: D102 - where the mail goes
    @property
    def language(self) -> str | None: ...  # noqa: D102 - the preferred one, such as `de-AT`


class Letters:
    """Writes mails from templates.

    Args:
        templates: the words.
        sender: the address of who writes.
        domain: the right-hand side of a Message-ID.
    """

    def __init__(self, templates: Templates, *, sender: str, domain: str) -> None:
        self._templates, self._sender, self._domain = templates, sender, domain

    def write(
        self,
        template: str,
        words: Mapping[str, object],
        to: Sequence[Addressee],
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
        text = self._templates.text(template, words, [one.language for one in to])
        thread = f"<{event.case_id}@{self._domain}>"  # a mail that nobody got, which readers take for the first
        mail = EmailMessage(SMTP)
        mail["From"] = self._sender
        mail["To"] = tuple({one.address: _address(one) for one in to}.values())
        mail["Subject"] = text.subject
        mail["Date"] = event.occurred_at
        mail["Message-ID"] = f"<{key}@{self._domain}>"
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
        return self._templates.line(template, words, language)

    def one_line(self, name: str) -> str:
        """Return a name from elsewhere as it may stand in a header, or in a calendar."""
        return for_header(name)


def _address(to: Addressee) -> Address:
    user, _, domain = to.address.rpartition("@")
    return Address(for_header(to.name), user, domain)
