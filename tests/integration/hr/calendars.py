"""Real calendar servers, and calendars in them as their owners' calendar programs see them."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
from icalendar import Calendar, Event

from choreography import ClaimLost
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.entry import Entry, InterviewSlot
from consumers.hr.slots import Period
from consumers.hr.tombstone import Tombstone
from consumers.shared.letters import Address

T = TypeVar("T")
SERVERS: Final = ("radicale", "xandikos")
UTC_ZONE: Final = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
SLOT = Period(datetime(2026, 3, 3, 9, tzinfo=BERLIN), datetime(2026, 3, 3, 9, 45, tzinfo=BERLIN))
BERLIN_RULES = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Berlin",
    "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "DTSTART:19700329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "DTSTART:19701025T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "END:VTIMEZONE",
)
ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:soon", "TRIGGER:-PT10M", "END:VALARM")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def calendar_server(kind: str, storage: Path) -> Iterator[str]:
    """Start a CalDAV server in a process of its own; end it afterwards."""
    port = free_port()
    commands = {
        "radicale": ("infra.sandbox.calendar", "--port", str(port)),
        "xandikos": ("tests.integration.hr.xandikos_server",),
    }
    command = [sys.executable, "-m", *commands[kind], "--storage", str(storage)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "listens" in said
            yield said.split()[-1] if "http" in said else f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def new_owner(url: str) -> str:
    """Give somebody an empty calendar."""
    name = f"E-{uuid4().hex[:8]}"
    for method, path in (("MKCOL", name), ("MKCALENDAR", f"{name}/calendar")):
        httpx2.request(method, f"{url}{path}/").raise_for_status()
    return name


def address(url: str, owner: str, uid: str) -> str:
    return f"{url}{owner}/calendar/{uid}.ics"


def put(url: str, owner: str, *lines: str, uid: str = "meeting", before: tuple[str, ...] = (), at: str = "") -> None:
    """Put an event into a calendar, as its owner's calendar program does."""
    event = ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")
    text = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a test//EN", *before, *event, "END:VCALENDAR", ""))
    httpx2.put(
        address(url, owner, at or uid), content=text, headers={"Content-Type": "text/calendar"}
    ).raise_for_status()


def stored(url: str, owner: str, uid: str = "interview-1") -> str:
    return httpx2.get(address(url, owner, uid)).raise_for_status().text


def using(url: str, use: Callable[[CalDavCalendar], Awaitable[T]], **more: Any) -> T:
    async def run() -> T:
        async with CalDavCalendar(url, username="ems", password="any", seconds=5, **more) as calendar:
            return await use(calendar)

    return asyncio.run(run())


async def still_ours() -> None:
    """Claim that the partition is this member's."""


async def lost() -> None:
    raise ClaimLost


def interview(period: Period = SLOT) -> Entry:
    return Entry(
        slot=InterviewSlot(uid="interview-1", interviewer_id="ben", start=period.start, time_zone="Europe/Berlin"),
        sequence=1,
        stamp=datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC),
        organizer=Address("Sabine Hartmann", "sabine@example.com"),
        invited=(Address('Jonas "Jo" Brandt\nX-EVIL:1', "jonas@example.com"),),
        title="Conversation",
    )


def called_off(sequence: int = 2) -> Tombstone:
    return Tombstone(
        interview().slot, sequence, datetime(2026, 3, 2, 13, 0, 0, 123456, tzinfo=UTC), "Cancelled: Conversation"
    )


def cancel(url: str, owner: str, claim: Callable[[], Awaitable[None]] = still_ours) -> None:
    using(url, lambda calendar: calendar.cancel(owner, called_off(), claim))


def event_at(url: str, owner: str) -> Event:
    """The one event that is stored for the interview."""
    (event,) = Calendar.from_ical(stored(url, owner)).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def busy(
    url: str, owner: str, within: Period = MARCH, besides: str | None = None, zone: ZoneInfo = UTC_ZONE, **more: Any
) -> list[Period] | None:
    found = using(url, lambda calendar: calendar.busy(owner, within, zone, besides=besides), **more)
    return None if found is None else sorted(found)


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)
