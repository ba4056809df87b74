"""What the calendar's log says of interviews, and how the checker hears it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from choreography import NothingToDo
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.entry import Entry, InterviewSlot
from consumers.hr.tombstone import Tombstone
from consumers.shared.letters import Address
from tests.chaos.collect import entries
from tests.shop.live import free_port

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SLOT = InterviewSlot(
    uid="interview-1", interviewer_id="ben", start=datetime(2026, 3, 3, 9, tzinfo=UTC), time_zone="Europe/Berlin"
)


@dataclass(frozen=True)
class Server:
    """A calendar server with a log."""

    url: str
    log: Path

    def changes(self) -> list[tuple[str, bool, bool]]:
        """Each change, and whether the interview stood before it and stands after it."""
        return [(one.kind, one.before is not None, one.after is not None) for one in entries(self.log)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    log = tmp_path / "calendar.jsonl"
    arguments = ("--port", str(port), "--storage", str(tmp_path / "calendars"), "--log", str(log))
    command = [sys.executable, "-m", "tests.chaos.logged_calendar", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "listens" in process.stdout.readline()
        for method, path in (("MKCOL", "ben"), ("MKCALENDAR", "ben/calendar")):
            httpx2.request(method, f"http://127.0.0.1:{port}/{path}/").raise_for_status()
        yield Server(f"http://127.0.0.1:{port}", log)
        process.terminate()


async def still_ours() -> None:
    """Claim that the partition is this member's."""


def book(server: Server) -> None:
    entry = Entry(SLOT, 1, NOW, Address("Ben", "ben@example.com"), (), "Conversation")

    async def run() -> None:
        async with CalDavCalendar(server.url) as calendar:
            await calendar.book("ben", entry, still_ours)

    asyncio.run(run())


def cancel(server: Server) -> None:
    async def run() -> None:
        async with CalDavCalendar(server.url) as calendar:
            await calendar.cancel("ben", Tombstone(SLOT, 2, NOW, "Cancelled: Conversation"), still_ours)

    asyncio.run(run())


def test_an_interview_that_is_cancelled_is_gone_though_its_entry_stays(server: Server) -> None:
    book(server)
    cancel(server)

    assert server.changes() == [("put", False, True), ("delete", True, False)]


def test_to_call_off_what_never_stood_there_is_no_change(server: Server) -> None:
    cancel(server)
    with pytest.raises(NothingToDo):
        book(server)

    assert server.changes() == []


def test_an_interview_that_is_put_over_a_cancelled_one_is_seen(server: Server) -> None:
    book(server)
    cancel(server)
    again = Entry(SLOT, 1, NOW, Address("Ben", "ben@example.com"), (), "Conversation").ical()
    httpx2.put(f"{server.url}/ben/calendar/interview-1.ics", content=again, headers={"Content-Type": "text/calendar"})

    assert server.changes()[-1] == ("put", False, True)
