"""The sandbox's real servers: what they accept, what survives a kill, and what the probes read back."""

import imaplib
import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx2
import pytest

from infra.sandbox import company
from infra.sandbox.appointments import appointments
from infra.sandbox.people import PEOPLE
from infra.sandbox.probes import Calendars, Directory, about, read_imap, read_maildir, to
from infra.sandbox.seed import seed

TODAY = date(2026, 3, 4)
TOKEN = "a-token"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCIM = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//a test//EN
BEGIN:VEVENT
UID:interview-1
DTSTAMP:20260304T000000Z
DTSTART:20260306T090000Z
DTEND:20260306T094500Z
SEQUENCE:3
SUMMARY:Conversation
CLASS:CONFIDENTIAL
STATUS:CONFIRMED
ORGANIZER:mailto:sabine.hartmann@example.com
ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:jonas.brandt@example.com
ATTENDEE:mailto:sabine.hartmann@example.com
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


ENVIRONMENT = {**os.environ, "EMS_SANDBOX_TOKEN": TOKEN}


@dataclass
class Server:
    """One of the sandbox's processes, on one port for all its lives."""

    command: list[str]
    port: int
    process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.endswith(f"listens on 127.0.0.1:{self.port}\n"), self.end(signal.SIGKILL)
        return self

    def end(self, by: signal.Signals) -> tuple[int, str, str]:
        assert self.process is not None
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def kill_if_running(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.end(signal.SIGKILL)

    def kill_and_restart(self) -> None:
        self.end(signal.SIGKILL)
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def server(name: str, *arguments: str) -> Server:
    port = free_port()
    return Server([sys.executable, "-m", f"infra.sandbox.{name}", "--port", str(port), *arguments], port)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    with ExitStack() as stack:
        for one in servers:
            one.start()
            stack.callback(one.kill_if_running)
        yield


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    return tmp_path / "maildir"


@pytest.fixture
def smtp(maildir: Path) -> Iterator[Server]:
    one = server("mail", "--maildir", str(maildir))
    with running(one):
        yield one


@pytest.fixture
def imap(maildir: Path) -> Iterator[Server]:
    one = server("imap", "--maildir", str(maildir))
    with running(one):
        yield one


@pytest.fixture(scope="module")
def caldav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = server("calendar", "--storage", str(tmp_path_factory.mktemp("calendars")))
    with running(one):
        yield one


@pytest.fixture
def scim(tmp_path: Path) -> Iterator[Server]:
    one = server("directory", "--storage", str(tmp_path / "directory.jsonl"))
    with running(one):
        yield one


@pytest.fixture
def directory(scim: Server) -> Iterator[Directory]:
    with Directory(scim.url, TOKEN) as probe:
        yield probe


def send(port: int, subject: str, *recipients: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ems@example.com", recipients[0], subject
    message["Message-ID"] = f"<{uuid4()}@example.com>"
    message.set_content("Guten Tag,\n.\nbis später.\n")
    message.add_alternative("<p>Guten Tag, bis später.</p>", subtype="html")
    message.add_attachment(EVENT.encode(), maintype="text", subtype="calendar", params={"method": "REQUEST"})
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message, from_addr="bounces@example.com", to_addrs=recipients)


def remove_member(scim: Server, group_id: str, member_id: str, version: str) -> int:
    operation = {"op": "remove", "path": f'members[value eq "{member_id}"]'}
    answer = httpx2.patch(
        f"{scim.url}/Groups/{group_id}",
        json={"schemas": [PATCH_SCHEMA], "Operations": [operation]},
        headers={**SCIM, "If-Match": version},
    )
    return answer.status_code


# --- mail ------------------------------------------------------------------------------------------------------------


def test_a_mail_to_several_people_is_one_file_with_its_envelope(smtp: Server, maildir: Path) -> None:
    send(smtp.port, "Übergabe", "one@example.com", "two@example.com")

    (mail,) = read_maildir(maildir)

    assert mail.sender == "bounces@example.com"
    assert mail.recipients == ("one@example.com", "two@example.com")
    assert mail.subject == "Übergabe"
    assert mail.text == "Guten Tag,\n.\nbis später.\n"
    assert "<p>" in mail.html
    assert mail.invitation is not None
    assert b"UID:interview-1" in mail.invitation


def test_whoever_nobody_can_reach_is_refused_for_good_and_the_others_get_the_mail(smtp: Server, maildir: Path) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(smtp.port, "to nobody", "nobody.vogt@example.com")
    send(smtp.port, "to both", "ana@example.com", "nobody.vogt@example.com")

    assert refused.value.recipients["nobody.vogt@example.com"][0] == 550
    assert [mail.recipients for mail in read_maildir(maildir)] == [("ana@example.com",)]


def test_an_accepted_mail_survives_the_kill_of_the_mail_server(smtp: Server, maildir: Path) -> None:
    for number in range(20):
        send(smtp.port, f"mail {number}", "one@example.com")

    smtp.kill_and_restart()
    send(smtp.port, "after", "one@example.com")

    assert [mail.subject for mail in read_maildir(maildir)] == [*(f"mail {number}" for number in range(20)), "after"]


def test_mails_are_found_by_recipient_and_by_what_they_mention(smtp: Server, maildir: Path) -> None:
    send(smtp.port, "case 4711", "one@example.com")
    send(smtp.port, "case 4712", "two@example.com")

    mails = read_maildir(maildir)

    assert [mail.subject for mail in to("Two@example.com", mails)] == ["case 4712"]
    assert [mail.subject for mail in about("4711", mails)] == ["case 4711"]
    assert len(about("interview-1", mails)) == 2


def test_the_mailbox_shows_by_imap_what_came_by_smtp(smtp: Server, imap: Server, maildir: Path) -> None:
    assert read_imap(f"127.0.0.1:{imap.port}") == ()

    send(smtp.port, "first", "one@example.com", "two@example.com")
    send(smtp.port, "second", "one@example.com")
    by_imap = read_imap(f"127.0.0.1:{imap.port}")

    assert {mail.subject: mail.recipients for mail in by_imap} == {
        "first": ("one@example.com", "two@example.com"),
        "second": ("one@example.com",),
    }
    assert {mail.raw for mail in by_imap} == {mail.raw for mail in read_maildir(maildir)}


def test_a_message_id_is_found_by_imap_also_after_a_kill(smtp: Server, imap: Server, maildir: Path) -> None:
    send(smtp.port, "first", "one@example.com")
    (mail,) = read_maildir(maildir)
    read_imap(f"127.0.0.1:{imap.port}")
    (maildir / "dovecot-uidlist.lock").touch()

    imap.kill_and_restart()

    with imaplib.IMAP4("127.0.0.1", imap.port, timeout=10) as client:
        client.login("sandbox", "sandbox")
        client.select("INBOX", readonly=True)
        assert client.search(None, "HEADER", "Message-ID", mail.message_id) == ("OK", [b"1"])
        assert client.search(None, "HEADER", "Message-ID", "<other@example.com>") == ("OK", [b""])


# --- calendar --------------------------------------------------------------------------------------------------------


def test_an_event_that_was_cancelled_takes_place_no_more(caldav: Server) -> None:
    home = f"{caldav.url}/E7778/"
    httpx2.request("MKCOL", home).raise_for_status()
    httpx2.request("MKCALENDAR", f"{home}calendar/").raise_for_status()
    cancelled = EVENT.replace("STATUS:CONFIRMED", "STATUS:CANCELLED")
    assert cancelled != EVENT
    with Calendars(caldav.url) as calendars:
        for content, found in ((EVENT, 1), (cancelled, 0)):
            headers = {"Content-Type": "text/calendar"}
            httpx2.put(f"{home}calendar/interview-1.ics", content=content, headers=headers).raise_for_status()
            assert len(calendars.meetings("E7778")) == found


def test_an_event_is_read_back_also_after_a_kill(caldav: Server) -> None:
    home = f"{caldav.url}/E7777/"
    assert httpx2.request("MKCOL", home).status_code == 201
    assert httpx2.request("MKCALENDAR", f"{home}calendar/").status_code == 201
    headers = {"Content-Type": "text/calendar", "If-None-Match": "*"}
    assert httpx2.put(f"{home}calendar/interview-1.ics", content=EVENT, headers=headers).status_code == 201
    assert httpx2.put(f"{home}calendar/interview-1.ics", content=EVENT, headers=headers).status_code == 412

    caldav.kill_and_restart()

    with Calendars(caldav.url) as calendars:
        (meeting,) = calendars.meetings("E7777")
        assert calendars.meeting("E7777", "interview-1") == meeting
        assert calendars.meeting("E7777", "another") is None
        assert calendars.meetings("E9999") == ()
    assert (meeting.sequence, meeting.title, meeting.status) == (3, "Conversation", "CONFIRMED")
    assert meeting.start == datetime(2026, 3, 6, 9, tzinfo=UTC)
    assert meeting.end == datetime(2026, 3, 6, 9, 45, tzinfo=UTC)
    assert meeting.organizer == "sabine.hartmann@example.com"
    assert meeting.attendees == ("jonas.brandt@example.com", "sabine.hartmann@example.com")
    assert meeting.classification == "CONFIDENTIAL"


# --- directory -------------------------------------------------------------------------------------------------------


def test_the_directory_wants_its_token(scim: Server) -> None:
    assert httpx2.get(f"{scim.url}/Users").status_code == 401
    assert httpx2.get(f"{scim.url}/Users", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert httpx2.get(f"{scim.url}/Users", headers=SCIM).status_code == 200


def test_users_groups_and_versions_survive_the_kill_of_the_directory(
    scim: Server, caldav: Server, directory: Directory
) -> None:
    seed(scim.url, TOKEN, caldav.url, TODAY)
    group = directory.groups()["prod-admins"]
    member = next(iter(group.members))
    assert remove_member(scim, group.id, member.id, group.version) == 204
    assert httpx2.delete(f"{scim.url}/Groups/{directory.groups()['book-club'].id}", headers=SCIM).status_code == 204
    accounts, groups = directory.accounts(), directory.groups()
    resource = httpx2.get(f"{scim.url}/Groups/{group.id}", headers=SCIM).json()

    scim.kill_and_restart()

    assert directory.accounts() == accounts
    assert directory.groups() == groups
    assert httpx2.get(f"{scim.url}/Groups/{group.id}", headers=SCIM).json() == resource
    later = httpx2.post(
        f"{scim.url}/Groups", json={"schemas": [GROUP_SCHEMA], "displayName": "later"}, headers=SCIM
    ).json()
    assert later["meta"]["version"] not in {one.version for one in accounts} | {one.version for one in groups.values()}


def test_a_write_cut_off_by_a_kill_was_never_there(scim: Server, directory: Directory, tmp_path: Path) -> None:
    httpx2.post(f"{scim.url}/Groups", json={"schemas": [GROUP_SCHEMA], "displayName": "whole"}, headers=SCIM)
    with (tmp_path / "directory.jsonl").open("a") as journal:
        journal.write('{"seq": 2, "op": "cre')

    scim.kill_and_restart()
    httpx2.post(f"{scim.url}/Groups", json={"schemas": [GROUP_SCHEMA], "displayName": "next"}, headers=SCIM)
    scim.kill_and_restart()

    assert set(directory.groups()) == {"whole", "next"}


def test_a_member_is_removed_only_from_the_version_that_was_read(
    scim: Server, caldav: Server, directory: Directory
) -> None:
    seed(scim.url, TOKEN, caldav.url, TODAY)
    before = directory.groups()
    group = before["payments-approvers"]
    (leaver,) = directory.accounts(company.WILL_STAY)

    assert remove_member(scim, group.id, leaver.id, 'W/"stale"') == 412
    assert directory.groups() == before
    assert remove_member(scim, group.id, leaver.id, group.version) == 204
    assert remove_member(scim, group.id, leaver.id, group.version) == 412

    after = directory.groups()
    taken = before["payments-approvers"].members - after["payments-approvers"].members
    assert {member.id for member in taken} == {leaver.id}
    assert {name: one for name, one in after.items() if name != group.name} == {
        name: one for name, one in before.items() if name != group.name
    }


# --- the company -----------------------------------------------------------------------------------------------------


def test_the_whole_company_is_there_and_a_second_run_changes_nothing(
    scim: Server, caldav: Server, directory: Directory
) -> None:
    seed(scim.url, TOKEN, caldav.url, TODAY)
    accounts, groups = directory.accounts(), directory.groups()
    with Calendars(caldav.url) as calendars:
        meetings = calendars.meetings(company.HR_PARTNER)
        seed(scim.url, TOKEN, caldav.url, date(2026, 3, 9))

        assert (directory.accounts(), directory.groups()) == (accounts, groups)
        assert calendars.meetings(company.HR_PARTNER) == meetings
    assert len(accounts) == len(PEOPLE)
    assert set(groups) == set(company.GROUPS)
    partner = company.person(company.HR_PARTNER)
    assert [(one.title, one.start) for one in meetings] == [
        (one.title, one.start) for one in appointments(partner, TODAY)
    ]


def test_an_interrupted_first_run_is_completed_by_the_next(scim: Server, directory: Directory, tmp_path: Path) -> None:
    late = server("calendar", "--storage", str(tmp_path / "calendars"))
    with pytest.raises(httpx2.HTTPError):
        seed(scim.url, TOKEN, late.url, TODAY)
    group = directory.groups()["all-staff"]
    httpx2.delete(f"{scim.url}/Groups/{group.id}", headers=SCIM)

    with running(late), Calendars(late.url) as calendars:
        seed(scim.url, TOKEN, late.url, TODAY)

        assert len(directory.accounts()) == len(PEOPLE)
        assert set(directory.groups()) == set(company.GROUPS)
        assert all(calendars.meetings(one.employee_id) for one in PEOPLE if one.has_calendar)


def test_two_people_with_one_employee_id_are_both_found(scim: Server, caldav: Server, directory: Directory) -> None:
    seed(scim.url, TOKEN, caldav.url, TODAY)

    query = {"filter": f'externalId eq "{company.DUPLICATED}"'}
    answer: dict[str, Any] = httpx2.get(f"{scim.url}/Users", params=query, headers=SCIM).json()

    assert answer["totalResults"] == 2
    assert {one.display_name for one in directory.accounts(company.DUPLICATED)} == {"Anna Schmidt", "Anna Schmitt"}
    assert directory.memberships(company.DUPLICATED) == {"all-staff", "customer-data"}


# --- every server ----------------------------------------------------------------------------------------------------

COMMANDS = {
    "mail": ["--maildir", "{}/maildir"],
    "imap": ["--maildir", "{}/maildir"],
    "calendar": ["--storage", "{}/calendars"],
    "directory": ["--storage", "{}/directory.jsonl"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_says_one_line_and_ends_in_peace_also_with_a_client_connected(name: str, tmp_path: Path) -> None:
    one = server(name, *(argument.format(tmp_path) for argument in COMMANDS[name]))

    with running(one), socket.create_connection(("127.0.0.1", one.port)):
        assert one.end(signal.SIGTERM) == (0, "", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_says_in_one_sentence_that_its_port_is_taken(name: str, tmp_path: Path) -> None:
    one = server(name, *(argument.format(tmp_path) for argument in COMMANDS[name]))

    with socket.create_server(("127.0.0.1", one.port)):
        run = subprocess.run(one.command, capture_output=True, text=True, check=False, timeout=60, env=ENVIRONMENT)

    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.startswith(f"Cannot listen on 127.0.0.1:{one.port} (")
    assert run.stderr.count("\n") == 1
