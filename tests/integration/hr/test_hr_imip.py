"""Invitations as Outlook, Google and Apple want them (RFC 5545, 5546, 6047): read back from a real mail server."""

from datetime import UTC, date, datetime
from email.message import EmailMessage
from html import escape
from typing import Any

import httpx2
import pytest
from icalendar import Calendar, Timezone

from consumers.hr.handler import cancel_exit_interview, schedule_exit_interview
from consumers.hr.invitations import ask_hr_to_arrange, call_off_interview, invite_to_interview
from consumers.hr.moving import move_exit_interview
from schemas.exits import EmployeeRetained
from schemas.hr import ExitInterviewScheduled
from tests.integration.hr.calendars import address
from tests.integration.hr.office import HR, Office, calendar_in

NAMES = (
    "Zoë Öztürk-Ñandú 名前",
    'O\'Brien, Anna; "Annie" <eve@example.com>',
    "Ana\r\nBcc: eve@example.com\r\n\r\nX",
    "Ana\nATTENDEE:mailto:eve@example.com\nX-EVIL:1",
    "<script>alert(1)</script> & <b>Ana</b>",
    "\u202egnp.exe\u202c أحمد \u2066ב\u2069",
    "👩‍🚀 Ana 🏳️‍🌈",
    "A" * 400,
    "Ana; CN=Eve: \\n ^n %0d%0a",
)
KINDS = ["text/plain", "text/html", "text/calendar"]
TITLES = {"en": "Conversation", "de": "Gespräch"}
ENGLISH, GERMAN = {"Invitation: Conversation", "Cancelled: Conversation"}, {"Einladung: Gespräch", "Abgesagt: Gespräch"}
BOTH = {"Invitation: Conversation / Einladung: Gespräch", "Cancelled: Conversation / Abgesagt: Gespräch"}
SUBJECTS = ENGLISH | GERMAN | BOTH
TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067\u200e\u200f\u061c"


def invited(office: Office, **differs: object) -> EmailMessage:
    fact = office.react(schedule_exit_interview, office.resigned(**differs))
    office.react(invite_to_interview, fact)
    return office.mail()


def event_of(calendar: Calendar) -> Any:
    """Return the one event; its properties are of many types."""
    (event,) = calendar.events
    return event


def raw_calendar(message: EmailMessage) -> bytes:
    (part,) = (one for one in message.walk() if one.get_content_type() == "text/calendar")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def assert_valid(message: EmailMessage, method: str, sequence: int, language: str = "en") -> Calendar:
    """Check all that calendar programs are known to insist on; `language` is that of HR."""
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == KINDS  # the last is the best
    assert {part.get_param("charset") for part in parts} == {"utf-8"}
    assert parts[2]["Content-Transfer-Encoding"] == "base64"
    raw, calendar = raw_calendar(message), calendar_in(message)
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    assert raw.decode("utf-8")
    assert (str(calendar["VERSION"]), str(calendar["METHOD"])) == ("2.0", method)
    assert [part.get_param("method") for part in parts] == [
        None,
        None,
        method,
    ]  # the same in the header and in the object (RFC 6047 §2.4)
    event = event_of(calendar)
    assert event.sequence == sequence
    assert str(event["STATUS"]) == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")
    assert (str(event["CLASS"]), str(event["SUMMARY"])) == ("CONFIDENTIAL", TITLES[language])
    assert event.errors == []
    assert raw.count(b"\r\nDTSTAMP:") == 1
    assert b"Z" in raw.split(b"\r\nDTSTAMP:")[1][:17]
    assert "DESCRIPTION" not in event
    assert "X-CASE-VERSION" not in event
    assert b"SCHEDULE-AGENT" not in raw.replace(b"\r\n ", b"")  # for servers, and in no message (RFC 6638 §7.1)
    assert_zone(calendar)
    assert message["Subject"] in SUBJECTS
    return calendar


def assert_zone(calendar: Calendar) -> None:
    """Times name a zone, the object brings its rules, and both say the same."""
    event = event_of(calendar)
    (zone,) = calendar.walk("VTIMEZONE")
    assert isinstance(zone, Timezone)
    for name in ("DTSTART", "DTEND"):
        assert event[name].params["TZID"] == str(zone["TZID"])
        local = event[name].dt.replace(tzinfo=None)
        assert zone.to_tz(lookup_tzid=False).utcoffset(local) == event[name].dt.utcoffset()


def test_the_invitation_has_what_calendar_programs_insist_on(office: Office) -> None:
    calendar = assert_valid(invited(office.hire()), "REQUEST", 1)

    event = event_of(calendar)
    assert event.uid == f"interview-{office.case_id}"
    assert event["ORGANIZER"] == "mailto:ben@example.com"
    assert event["ORGANIZER"].params["CN"] == "Ben"
    organizer, employee = event["ATTENDEE"]
    assert (str(organizer), organizer.params["PARTSTAT"], organizer.params["ROLE"]) == (
        "mailto:ben@example.com",
        "ACCEPTED",
        "CHAIR",
    )
    assert (str(employee), employee.params["PARTSTAT"], employee.params["RSVP"], employee.params["CN"]) == (
        "mailto:ana@example.com",
        "NEEDS-ACTION",
        "TRUE",
        "Ana",
    )
    assert {one.params["CUTYPE"] for one in (organizer, employee)} == {"INDIVIDUAL"}


def test_what_the_calendar_stores_has_no_method_and_invites_nobody_by_itself(office: Office) -> None:
    invited(office.hire())

    stored = httpx2.get(address(office.url, office.partner, f"interview-{office.case_id}")).content

    calendar = Calendar.from_ical(stored)
    assert isinstance(calendar, Calendar)
    event = event_of(calendar)
    parties = [event["ORGANIZER"], *event["ATTENDEE"]]
    assert "METHOD" not in calendar
    assert [one.params["SCHEDULE-AGENT"] for one in parties] == ["CLIENT"] * 3
    assert str(event["CLASS"]) == "CONFIDENTIAL"


def test_moving_and_calling_off_keep_the_uid_and_raise_the_sequence(office: Office) -> None:
    first = assert_valid(invited(office.hire()), "REQUEST", 1)
    office.react(invite_to_interview, office.react(move_exit_interview, office.changed(date(2026, 3, 3))))
    second = assert_valid(office.mail(), "REQUEST", 2)
    office.react(call_off_interview, office.react(cancel_exit_interview, office.another(EmployeeRetained)))
    third = assert_valid(office.mail(), "CANCEL", 3)

    assert len({event_of(one).uid for one in (first, second, third)}) == 1
    assert len({str(event_of(one)["ORGANIZER"]) for one in (first, second, third)}) == 1
    assert event_of(second).start != event_of(first).start
    assert len({mail["References"] for mail in office.mails()}) == 1
    assert len({mail["Message-ID"] for mail in office.mails()}) == 3


def test_what_can_no_longer_be_held_is_called_off_by_a_valid_mail(office: Office) -> None:
    invited(office.hire())
    office.react(ask_hr_to_arrange, office.react(move_exit_interview, office.changed(date(2026, 2, 27))))

    assert_valid(office.mail(), "CANCEL", 2)
    assert HR in office.mail()["To"]


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Europe/Berlin", datetime(2026, 3, 27, 12, tzinfo=UTC)),  # the clocks change on the 29th
        ("America/New_York", datetime(2026, 10, 30, 12, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 2, 12, tzinfo=UTC)),
        ("Africa/Casablanca", datetime(2026, 2, 13, 12, tzinfo=UTC)),
    ],
)
def test_the_rules_of_the_zone_come_with_the_invitation(office: Office, zone: str, now: datetime) -> None:
    office.zone, office.now = zone, now

    calendar = assert_valid(invited(office.hire(), time_zone=zone, country=None), "REQUEST", 1)

    assert event_of(calendar).start.hour in range(9, 17)


def test_the_same_invitation_is_the_same_bytes(office: Office) -> None:
    fact = office.react(schedule_exit_interview, office.hire().resigned())
    assert isinstance(fact, ExitInterviewScheduled)
    office.react(invite_to_interview, fact)
    office.memory.stated.pop()
    office.react(invite_to_interview, fact)

    first, second = office.script.accepted
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_a_mail_or_a_calendar(office: Office, name: str) -> None:
    message = invited(office.hire(leaver=name, partner=name))

    calendar = assert_valid(message, "REQUEST", 1)
    event = event_of(calendar)
    assert [str(one) for one in event["ATTENDEE"]] == ["mailto:ben@example.com", "mailto:ana@example.com"]
    assert not [char for one in event["ATTENDEE"] for char in one.params["CN"] if char in TURNS]
    assert not [key for key in event if key.startswith("X-EVIL")]
    assert message["Bcc"] is None
    assert message["To"] == "ben@example.com, ana@example.com"
    assert [part.get_content_type() for part in message.walk()][1:] == KINDS
    for kind in ("plain", "html"):
        assert not [char for char in office.text(kind) if char in TURNS]
        assert office.text(kind).count("\u2068") == office.text(kind).count("\u2069")
    assert "<script>" not in office.text("html")
    assert office.text("html").count("<p ") == 3  # no name adds a paragraph


@pytest.mark.parametrize("language", ["de", "en"])
def test_names_stand_in_the_html_as_they_are_and_escaped(office: Office, language: str) -> None:
    invited(office.hire(leaver="<b>Ana</b> & \u05e9\u05e8\u05d4 👩\u200d🚀", languages=(language, language)))

    name = "\u2068<b>Ana</b> & \u05e9\u05e8\u05d4 👩\u200d🚀\u2069"  # from right to left, so it is isolated
    assert name in office.text()
    assert escape(name) in office.text("html")
    assert "<b>" not in office.text("html")


@pytest.mark.parametrize(
    ("languages", "subject", "hello"),
    [
        (("de-AT", "de"), "Einladung: Gespräch", "Guten Tag Ben und Ana,"),
        (("fr", "en-GB"), "Invitation: Conversation", "Hello Ben and Ana,"),
    ],
)
def test_readers_of_one_language_are_invited_in_it(
    office: Office, languages: tuple[str, str], subject: str, hello: str
) -> None:
    message = invited(office.hire(languages=languages))

    assert_valid(message, "REQUEST", 1)
    assert message["Subject"] == subject
    assert office.text().startswith(hello)
    assert "* * *" not in office.text()


def test_partner_and_employee_who_read_different_languages_get_one_mail_in_both(office: Office) -> None:
    message = invited(office.hire(languages=("de", "en")))

    assert_valid(message, "REQUEST", 1)
    assert message["Subject"] == "Invitation: Conversation / Einladung: Gespräch"  # the organizer comes first
    english, german = office.text().split(" * * * ")
    assert "is planned for Tuesday, 3 March 2026, 09:00 (Europe/Berlin)." in english
    assert "ist geplant für Dienstag, 3. März 2026, 09:00 Uhr (Europe/Berlin)." in german
    html = office.text("html")
    assert html.index('<div lang="en">') < html.index("Hello Ben") < html.index('<div lang="de">')
    assert len(office.mails()) == 1


def test_all_that_a_german_company_hears_of_an_interview_is_german(office: Office) -> None:
    office.hr_language = "de"
    assert_valid(invited(office.hire(languages=("de", "de"))), "REQUEST", 1, "de")
    office.react(invite_to_interview, office.react(move_exit_interview, office.changed(date(2026, 3, 3))))
    assert_valid(office.mail(), "REQUEST", 2, "de")
    assert "das Gespräch am Dienstag, 3. März 2026, 09:00 Uhr (Europe/Berlin) wurde verschoben." in office.text()

    office.react(ask_hr_to_arrange, office.react(move_exit_interview, office.changed(date(2026, 2, 27))))

    assert_valid(office.mail(), "CANCEL", 3, "de")
    assert HR in office.mail()["To"]
    assert "Es sollte bis Freitag, 27. Februar 2026 stattfinden." in office.text()
    stored = Calendar.from_ical(httpx2.get(address(office.url, office.partner, f"interview-{office.case_id}")).content)
    assert isinstance(stored, Calendar)
    assert str(event_of(stored)["SUMMARY"]) == "Abgesagt: Gespräch"
    assert {str(mail["Subject"]) for mail in office.mails()} == GERMAN


def test_the_mailbox_of_hr_reads_its_own_language(office: Office) -> None:
    office.hr_language = "de"
    fact = office.react(schedule_exit_interview, office.hire(has_partner=False).resigned())
    office.react(ask_hr_to_arrange, fact)

    assert office.mail()["To"] == HR
    assert office.mail()["Subject"] == f"Ein Gespräch zu vereinbaren (Vorgang {str(office.case_id)[-8:]})"
    assert f"mit Ana (Personalkennung {office.leaver}) konnte kein Austrittsgespräch gebucht werden" in office.text()
    assert '<html lang="de">' in office.text("html")


def test_an_address_that_would_be_decoded_is_not_written_to(office: Office) -> None:
    address = "=?utf-8?q?ana=0D=0ABcc=3A_eve=40example.com?=@example.com"  # what would be decoded, and be a header then

    message = invited(office.hire(mail=address))

    assert office.script.accepted[-1][0] == ("ben@example.com", HR)
    assert message["Bcc"] is None
