"""What the Notification service needs from the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from uuid import UUID

from choreography import Effect
from schemas import ExitEvent


class Sent(Protocol):
    """What became of a mail."""

    @property
    def reached(self) -> Sequence[str]: ...  # noqa: D102 - the addresses that get it; none where it is refused
    @property
    def perhaps_repeated(self) -> bool: ...  # noqa: D102 - it may have been sent before, too


class Mailer(Protocol):
    """What sends mail."""

    async def send(self, message: EmailMessage, effect: Effect, /) -> Sent:
        """Send the mail of an effect."""
        ...

    async def conclude(self, message: EmailMessage, effect: Effect, /) -> Sent:
        """Bring to its end what an earlier attempt may have sent, of a mail that is not wanted any more."""
        ...


class SentMail(Protocol):
    """The mails that the mail system has accepted, which the mailer asks about."""

    async def probe(self) -> None:
        """Make sure that it can be asked."""
        ...


class Person(Protocol):
    """Somebody in the directory."""

    @property
    def id(self) -> str: ...  # noqa: D102 - the directory's own id
    @property
    def employee_id(self) -> str: ...  # noqa: D102 - the id by which events name people
    @property
    def display_name(self) -> str: ...  # noqa: D102
    @property
    def mail(self) -> str | None: ...  # noqa: D102
    @property
    def mails(self) -> Sequence[str]: ...  # noqa: D102 - every address, also those that are not written to
    @property
    def preferred_language(self) -> str | None: ...  # noqa: D102 - such as `de-AT`
    @property
    def active(self) -> bool: ...  # noqa: D102
    @property
    def manager_scim_id(self) -> str | None: ...  # noqa: D102 - the directory's own id of the manager


class People(Protocol):
    """The company's directory, as it stands now."""

    async def with_employee_id(self, employee_id: str) -> Sequence[Person]:
        """Return everybody with exactly this id."""
        ...

    async def manager_of(self, person: Person) -> Person | None:
        """Return the person's manager, active or not."""
        ...


@dataclass(frozen=True)
class Mailboxes:
    """The addresses that belong to no person.

    Attributes:
        hr: HR as a whole.
        security: whoever looks after access.
        language: the language of both.
    """

    hr: str
    security: str
    language: str = "en"


class Addressee(Protocol):
    """Somebody who gets a mail."""

    @property
    def name(self) -> str: ...  # noqa: D102 - empty for a mailbox
    @property
    def address(self) -> str: ...  # noqa: D102 - where the mail goes
    @property
    def language(self) -> str | None: ...  # noqa: D102 - the preferred one


class Letters(Protocol):
    """What writes mails, in the language of who gets them."""

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
        """Write the mail of an effect, by its key; `answers` is the Message-ID of the one that it continues."""
        ...


@dataclass(frozen=True)
class Ports:
    """The ports of this service, and what every mail needs."""

    mailer: Mailer
    sent_mail: SentMail | None
    people: People
    mailboxes: Mailboxes
    letters: Letters
