"""Mails and the effects that they belong to, and a mailer on a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

from choreography import Effect, SystemClock, open_locks
from choreography.testing.fake import FakeClock, FakeMemory
from consumers.shared.mail import Ambiguous, ImapSentMail, SentMail, SmtpMailer, SmtpServer, Turns
from schemas.exits import EmployeeResigned

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SENDER, BEN, ANA, HR = "ems@example.com", "ben@example.com", "ana@example.com", "hr@example.com"
SETTLE = timedelta(seconds=60)


class MovedClock(FakeClock):
    """A clock that stands still until a test moves it; who sleeps goes on once the time has come."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while self.monotonic() < until:
            await self._moved.wait()

    async def move(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))
        self._moved.set()
        self._moved = asyncio.Event()


class Owner:
    """A member of the group that owns a partition, and its effects; the ledger is the group's."""

    def __init__(self) -> None:
        self.memory = FakeMemory("ems.notification")

    def effect(
        self, event_id: UUID, *, repeated: bool = False, released: bool = False, answered: str | None = None
    ) -> Effect:
        event = EmployeeResigned(
            event_id=event_id,
            employee_id="ana",
            case_id=event_id,
            case_version=1,
            occurred_at=NOON,
            recorded_at=NOON,
            submitted_on=NOON.date(),
            time_zone="Europe/Vienna",
        )
        return self.memory.effect(event, NOON, repeated=repeated, released=released, answered=answered)


def new_effect(*, repeated: bool = False, released: bool = False) -> Effect:
    """Return an effect that no other test has."""
    return Owner().effect(uuid4(), repeated=repeated, released=released)


def mail_of(effect: Effect, *to: str) -> EmailMessage:
    """Return the mail of an effect: the same effect, the same bytes."""
    mail = EmailMessage()
    mail["From"] = f"EMS <{SENDER}>"
    mail["To"] = ", ".join(to or (BEN,))
    mail["Subject"] = "A staff matter"
    mail["Message-ID"] = f"<{effect.key}@example.com>"
    mail.set_content("Dear Ben Åström,\n\n.a line that begins with a dot\n", cte="quoted-printable")
    return mail


def smtp_server(port: int, *, host: str = "127.0.0.1", **options: Any) -> SmtpServer:
    """Return the adapter for a mail system on this machine."""
    known = {"tls": "none", "seconds": 5.0, "seconds_for_text": 5.0, **options}
    return SmtpServer(host, port, sender=SENDER, domain="mail.example.com", **known)


def sent_mail(port: int, **differs: Any) -> ImapSentMail:
    """Return the adapter for the sandbox's IMAP server."""
    known = {"username": "sandbox", "password": "sandbox", "folder": "INBOX", "tls": "none", "seconds": 5.0, **differs}
    return ImapSentMail("127.0.0.1", port, **known)


@asynccontextmanager
async def open_mailer(
    port: int,
    database_url: str = "sqlite://",
    *,
    ambiguous: Ambiguous = Ambiguous.RESEND,
    looks_up: SentMail | None = None,
    clock: FakeClock | SystemClock | None = None,
    **options: Any,
) -> AsyncIterator[SmtpMailer]:
    """Open a mailer whose locks are those of a database; of the default one no other process sees them."""
    time = clock or MovedClock()
    async with open_locks(database_url, time) as locks, Turns(locks, time) as turns:
        yield SmtpMailer(
            smtp_server(port, **options), turns, time, ambiguous=ambiguous, sent_mail=looks_up, settle=SETTLE
        )
