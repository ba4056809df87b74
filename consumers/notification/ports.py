"""What the Notification service needs from the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from choreography import Effect
from consumers.shared.directory import Person
from consumers.shared.letters import Letters
from consumers.shared.mail import Sent


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


@dataclass(frozen=True)
class Ports:
    """The ports of this service, and what every mail needs."""

    mailer: Mailer
    sent_mail: SentMail | None
    people: People
    mailboxes: Mailboxes
    letters: Letters
