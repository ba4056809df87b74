"""Invitations through a real mail server, read back as a calendar program reads them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar

from choreography import ClaimLost, Reject, Retry, Unavailable
from consumers.hr.entry import Address, Entry, InterviewSlot
from consumers.hr.letter import to_participants
from consumers.hr.ports import Claim, Sender
from consumers.hr.slots import LENGTH
from consumers.hr.smtp import SmtpMailer
from schemas.hr import ExitInterviewCancelled, InvitationMethod

CASE = UUID("01890000-0000-7000-8000-00000000beef")
KEY = UUID("59c9c559-5a1d-5cc1-aaf8-004b9339ef44")
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
HR = "hr@example.com"
ANA, BEN = "ana@example.com", "ben@example.com"
FACT = ExitInterviewCancelled(
    event_id=CASE,
    case_id=CASE,
    case_version=2,
    employee_id="ana",
    occurred_at=START - timedelta(days=1),
    recorded_at=START - timedelta(days=1),
    ical_uid="interview-1",
    sequence=2,
)


@dataclass
class Postbox:
    """What the mail server does; the hooks have aiosmtpd's names."""

    refuses: dict[str, str] = field(default_factory=dict)
    to_content: str = "250 OK"
    hangs_up: bool = False
    accepted: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_content.startswith("2"):
            assert isinstance(envelope.original_content, bytes)
            self.accepted.append((list(envelope.rcpt_tos), envelope.original_content))
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.to_content


def letter(method: InvitationMethod = InvitationMethod.REQUEST) -> EmailMessage:
    entry = Entry(
        slot=InterviewSlot(uid="interview-1", interviewer_id="ben", start=START, time_zone="Europe/Berlin"),
        sequence=2,
        stamp=FACT.occurred_at,
        organizer=Address("Ben Åström", BEN),
        invited=(Address("Ana\r\nBcc: eve@example.com", ANA),),
    )
    return to_participants(method, entry, FACT, KEY, Sender("EMS <ems@example.com>", "example.com", HR))


async def still_ours() -> None:
    """Claim that the partition is this member's."""


@asynccontextmanager
async def serving(postbox: Postbox) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(postbox, hostname="mx.example.com"), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def send(postbox: Postbox, message: EmailMessage, claim: Claim = still_ours) -> None:
    async def run() -> None:
        async with serving(postbox) as port:
            mailer = SmtpMailer("127.0.0.1", port, username="", password="", tls="none", seconds=5)
            await mailer.send(message, otherwise=HR, claim=claim)

    asyncio.run(run())


def received(postbox: Postbox) -> tuple[EmailMessage, Calendar]:
    """Return the one mail, and the calendar object in it."""
    [(_, content)] = postbox.accepted
    message = message_from_bytes(content, policy=policy.default)
    part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(part.get_content())
    assert isinstance(message, EmailMessage)
    assert isinstance(calendar, Calendar)
    assert part.get_param("method") == str(calendar["METHOD"])
    return message, calendar


@pytest.mark.parametrize(
    ("method", "status"), [(InvitationMethod.REQUEST, "CONFIRMED"), (InvitationMethod.CANCEL, "CANCELLED")]
)
def test_a_calendar_program_can_read_the_invitation_and_its_cancellation(method: InvitationMethod, status: str) -> None:
    postbox = Postbox()
    send(postbox, letter(method))

    message, calendar = received(postbox)

    event = calendar.events[0]
    assert calendar["METHOD"] == method.value
    assert (event.uid, event.sequence, str(event["STATUS"])) == ("interview-1", 2, status)
    assert (event.start, event.end) == (START, START + LENGTH)
    assert (str(event.organizer), [str(one) for one in event.attendees]) == (
        f"mailto:{BEN}",
        [f"mailto:{BEN}", f"mailto:{ANA}"],
    )
    assert message.get_content_type() == "multipart/alternative"
    assert postbox.accepted[0][0] == [BEN, ANA]


def test_the_mail_can_be_recognised_answered_and_is_known_to_be_automatic() -> None:
    postbox = Postbox()
    send(postbox, letter())

    message, _ = received(postbox)

    assert message["Message-ID"] == f"<{KEY}@example.com>"
    assert message["References"] == f"<{CASE}@example.com>"
    assert message["Date"].datetime == FACT.occurred_at
    assert message["Reply-To"] == BEN
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Bcc"] is None
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("Hello Ben Åström and Ana Bcc: eve@example.com,")


def test_the_same_invitation_is_the_same_bytes() -> None:
    postbox = Postbox()
    send(postbox, letter())
    send(postbox, letter())

    assert postbox.accepted[0] == postbox.accepted[1]


def test_hr_is_told_where_somebody_is_refused_for_good() -> None:
    postbox = Postbox(refuses={ANA: "550 Unknown"})
    send(postbox, letter())

    assert postbox.accepted[0][0] == [BEN, HR]


def test_nobody_gets_the_mail_while_one_is_to_be_tried_later() -> None:
    postbox = Postbox(refuses={ANA: "450 Later"})

    with pytest.raises(Retry):
        send(postbox, letter())
    assert postbox.accepted == []


def test_a_mail_that_nobody_may_have_is_kept_for_a_person_to_look_at() -> None:
    with pytest.raises(Reject):
        send(Postbox(refuses=dict.fromkeys((ANA, BEN, HR), "550 Unknown")), letter())


@pytest.mark.parametrize(
    ("answer", "outcome"), [("451 Later", Retry), ("554 Spam", Reject), ("421 Closing", Unavailable)]
)
def test_a_refused_content_was_not_sent(answer: str, outcome: type[Exception]) -> None:
    with pytest.raises(outcome) as caught:
        send(Postbox(to_content=answer), letter())
    assert not isinstance(caught.value, Unavailable) or caught.value.untouched


def test_a_server_that_hangs_up_after_the_content_may_have_sent_it() -> None:
    postbox = Postbox(hangs_up=True)

    with pytest.raises(Unavailable) as caught:
        send(postbox, letter())
    assert not caught.value.untouched


def test_a_server_that_is_away_was_certainly_not_touched() -> None:
    async def run() -> None:
        async with serving(Postbox()) as port:
            pass
        mailer = SmtpMailer("127.0.0.1", port, username="", password="", tls="none", seconds=5)
        await mailer.send(letter(), otherwise=HR, claim=still_ours)

    with pytest.raises(Unavailable) as caught:
        asyncio.run(run())
    assert caught.value.untouched


def test_who_has_lost_the_partition_sends_nothing() -> None:
    postbox = Postbox()

    async def lost() -> None:
        raise ClaimLost

    with pytest.raises(ClaimLost):
        send(postbox, letter(), lost)
    assert postbox.accepted == []
