"""A company of four, its postbox, and the Notification service between them."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid5

from choreography import Effect, Event, Unavailable
from choreography.testing.fake import FakeMemory
from consumers.notification.service import service
from consumers.shared.directory import Person
from consumers.shared.mail import Sent
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitCaseVoided, ExitConfirmed, ResignationWithdrawn
from tests.doubles import HR, SECURITY, Directory, letters, notification_ports, someone

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CASE = UUID("01890000-0000-7000-8000-00000000beef")
LETTERS = letters(domain="example.com")


@dataclass
class Postbox:
    """A mail system that knows what it has accepted.

    Attributes:
        remembers: it is asked what an earlier attempt sent.
    """

    refuses: set[str] = field(default_factory=set)
    letters: list[EmailMessage] = field(default_factory=list)
    down: bool = False
    remembers: bool = False

    async def send(self, message: EmailMessage, effect: Effect) -> Sent:
        if self.down:
            raise Unavailable
        known = [one for one in self.letters if one["Message-ID"] == message["Message-ID"]]
        if self.remembers and known:
            return Sent((address_of(known[0]),), perhaps_repeated=False)
        if address_of(message) in self.refuses:
            return Sent((), effect.repeated)
        self.letters.append(message)
        return Sent((address_of(message),), effect.repeated)

    async def conclude(self, message: EmailMessage, _effect: Effect) -> Sent:
        if self.down:
            raise Unavailable
        known = [one for one in self.letters if one["Message-ID"] == message["Message-ID"]]
        return Sent(tuple(map(address_of, known)), perhaps_repeated=False)

    @property
    def read_by(self) -> list[str]:
        return [address_of(letter) for letter in self.letters]


def address_of(mail: EmailMessage) -> str:
    return str(mail["To"].addresses[0].addr_spec)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return what the mail says, on one line."""
    body = mail.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())


class World:
    """A company of four, its postbox, and what the service remembers."""

    def __init__(
        self,
        *people: Person,
        refuses: set[str] | None = None,
        hr: str = HR,
        security: str = SECURITY,
        hr_language: str = "en",
    ) -> None:
        ana, ben, cleo = someone("ana", "ben"), someone("ben", "cleo"), someone("cleo")
        self.directory = Directory(*(people or (ana, ben, cleo)))
        self.postbox = Postbox(refuses or set())
        self.memory = FakeMemory("ems.notification")
        self.ports = notification_ports(
            self.postbox, self.directory, hr=hr, security=security, hr_language=hr_language, written_by=LETTERS
        )

    def told(self, event: Event, *, repeated: bool = False, released: bool = False, at: datetime = NOON) -> Any:
        """Let the service react and state its fact, as the runtime does; return it."""
        effect = self.memory.effect(event, at, repeated=repeated, released=released)
        reaction = next(one for one in service.reactions if one.event is type(event))

        async def handled() -> Event:
            return await reaction.handler(event, self.ports, effect)

        fact = asyncio.run(handled())
        assert type(fact) in reaction.publishes
        self.memory.state(event, fact, at)
        return fact

    def restated(self, kind: type[Event]) -> Any:
        """Return the newest fact of a kind as it stands on its topic."""
        return [fact for fact in self.memory.stated if isinstance(fact, kind)][-1]


def received(mail: EmailMessage) -> EmailMessage:
    """Return the mail as its reader sees it."""
    return message_from_bytes(bytes(mail), policy=policy.default)


def happened(kind: type[Event], version: int, **fields: object) -> Any:
    return kind.model_validate(
        {
            "event_id": uuid5(CASE, str(version)),
            "employee_id": "ana",
            "case_id": CASE,
            "case_version": version,
            "occurred_at": NOON,
            "recorded_at": NOON,
            **fields,
        }
    )


def resigned(**fields: object) -> EmployeeResigned:
    given = {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/Vienna", **fields}
    event: EmployeeResigned = happened(EmployeeResigned, 1, **given)
    return event


RETAINED: EmployeeRetained = happened(EmployeeRetained, 2)
WITHDRAWN: ResignationWithdrawn = happened(ResignationWithdrawn, 2)
VOIDED: ExitCaseVoided = happened(ExitCaseVoided, 2)
CONFIRMED: ExitConfirmed = happened(ExitConfirmed, 2)
