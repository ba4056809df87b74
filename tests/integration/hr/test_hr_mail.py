"""Invitations through a real mail server, read back as a calendar program reads them."""

import asyncio
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from icalendar import Calendar

from consumers.hr.entry import Entry, InterviewSlot
from consumers.hr.letter import About, to_participants
from consumers.hr.slots import LENGTH
from consumers.shared.letters import Address
from consumers.shared.mail import Sent
from schemas.hr import ExitInterviewCancelled, InvitationMethod
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import new_effect, open_mailer
from tests.unit.hr_company import HR, Company

CASE = UUID("01890000-0000-7000-8000-00000000beef")
KEY = UUID("59c9c559-5a1d-5cc1-aaf8-004b9339ef44")
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
PORTS = Company().ports
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


def letter(method: InvitationMethod = InvitationMethod.REQUEST) -> EmailMessage:
    entry = Entry(
        slot=InterviewSlot(uid="interview-1", interviewer_id="ben", start=START, time_zone="Europe/Berlin"),
        sequence=2,
        stamp=FACT.occurred_at,
        organizer=Address("Ben Åström", BEN),
        invited=(Address("Ana\r\nBcc: eve@example.com", ANA),),
        title="Conversation",
    )
    about = About(words="cancel" if method is InvitationMethod.CANCEL else "request")
    return to_participants(about, entry, FACT, KEY, PORTS)


def send(script: Script, message: EmailMessage) -> Sent:
    async def run() -> Sent:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            return await mailer.send(message, new_effect(), otherwise=HR)

    return asyncio.run(run())


def received(script: Script) -> tuple[EmailMessage, Calendar]:
    """Return the one mail, and the calendar object in it."""
    [(_, content)] = script.accepted
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
    script = Script()
    send(script, letter(method))

    message, calendar = received(script)

    event = calendar.events[0]
    assert calendar["METHOD"] == method.value
    assert (event.uid, event.sequence, str(event["STATUS"])) == ("interview-1", 2, status)
    assert (event.start, event.end) == (START, START + LENGTH)
    assert (str(event.organizer), [str(one) for one in event.attendees]) == (
        f"mailto:{BEN}",
        [f"mailto:{BEN}", f"mailto:{ANA}"],
    )
    assert message.get_content_type() == "multipart/alternative"
    assert script.accepted[0][0] == (BEN, ANA)


def test_the_mail_can_be_recognised_answered_and_is_known_to_be_automatic() -> None:
    script = Script()
    send(script, letter())

    message, _ = received(script)

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
    script = Script()
    send(script, letter())
    send(script, letter())

    assert script.accepted[0] == script.accepted[1]


def test_hr_is_told_where_somebody_is_refused_for_good() -> None:
    script = Script(to_recipients={ANA: "550 Unknown"})
    send(script, letter())

    assert script.accepted[0][0] == (BEN, HR)
