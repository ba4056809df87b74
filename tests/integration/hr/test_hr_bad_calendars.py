"""Calendars that are broken, huge, or no calendars: each has a clear outcome, and HR is told."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from dulwich import porcelain

from choreography import Event, Reject, Unavailable
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.caldav import server as dav
from consumers.hr.handler import schedule_exit_interview
from consumers.hr.invitations import ask_hr_to_arrange
from consumers.hr.obstacle import NotPossible
from consumers.hr.ports import CalendarSilent
from consumers.hr.slots import Period
from schemas.hr import ExitInterviewNotPossible, ExitInterviewScheduled, InterviewObstacle
from tests.integration.access.company import Directory
from tests.integration.hr.calendars import (
    MARCH,
    SLOT,
    UTC_ZONE,
    busy,
    calendar_server,
    called_off,
    interview,
    put,
    still_ours,
    using,
)
from tests.integration.hr.office import HR, Office

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
EVENTS = 1_000
AUTHOR = b"A Test <test@example.com>"
HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are back soon.</body></html>"


def fill(storage: Path, owner: str, events: int) -> None:
    """Fill a calendar behind the server's back with meetings of five minutes, each an object of its own."""
    (folder,) = storage.glob(f"**/{owner}/calendar")
    start, names = datetime(2026, 3, 3, 8, tzinfo=UTC), []
    for number in range(events):
        at = start + timedelta(days=number % 7, minutes=5 * (number % 60))
        times = (f"DTSTART:{at:%Y%m%dT%H%M%SZ}", f"DTEND:{at + timedelta(minutes=5):%Y%m%dT%H%M%SZ}")
        event = ("BEGIN:VEVENT", f"UID:many-{number}", "DTSTAMP:20260101T000000Z", *times, "END:VEVENT")
        lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a test//EN", *event, "END:VCALENDAR", "")
        names.append(folder / f"many-{number}.ics")
        names[-1].write_bytes("\r\n".join(lines).encode())
    if (folder / ".git").exists():  # a server that believes what was committed
        porcelain.add(str(folder), [str(name) for name in names])
        porcelain.commit(str(folder), message="Many meetings", author=AUTHOR, committer=AUTHOR)


@pytest.mark.parametrize("rule", ["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"])
def test_a_whole_day_that_recurs_for_ever_leaves_no_time_and_hr_is_asked(office: Office, rule: str) -> None:
    put(office.url, office.partner, "DTSTART;VALUE=DATE:20200106", "DTEND;VALUE=DATE:20200107", rule)

    fact = office.react(schedule_exit_interview, office.hire().resigned())
    office.react(ask_hr_to_arrange, fact)

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.NO_FREE_SLOT
    assert office.script.accepted[-1][0] == (HR,)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260303T100000Z", "DTEND:20260303T090000Z"),
        ("DTSTART:20260303T100000Z", "DURATION:-PT1H"),
        ("DTSTART;TZID=Mars/Olympus:20260303T100000", "DTEND;TZID=Mars/Olympus:20260303T110000"),
        ("DTSTART:20260303T100000Z", "RRULE:FREQ=SOMETIMES"),
        ("DTSTART:tomorrow",),
        ("SUMMARY:no time at all",),
    ],
)
def test_a_broken_entry_is_refused_by_the_server_or_ignored_or_hr_is_asked(
    office: Office, lines: tuple[str, ...]
) -> None:
    try:
        put(office.url, office.partner, *lines)
    except httpx2.HTTPStatusError:
        return  # no calendar program can have put it there
    event = office.hire().resigned()
    office.now += timedelta(hours=2)  # a calendar that does not answer is given an hour

    fact = office.react(schedule_exit_interview, event)

    if isinstance(fact, ExitInterviewNotPossible):
        assert fact.cause is InterviewObstacle.NO_CALENDAR
    else:
        assert isinstance(fact, ExitInterviewScheduled)


def test_an_entry_that_was_broken_behind_the_servers_back_does_not_stop_the_case(office: Office) -> None:
    put(office.url, office.leaver, "DTSTART:20260303T080000Z", "DTEND:20260303T090000Z")
    put(office.url, office.leaver, "DTSTART:20260303T080000Z", "DTEND:20260303T070000Z", uid="broken")
    event = office.hire().resigned()
    office.now += timedelta(hours=2)

    fact = office.react(schedule_exit_interview, event)

    assert isinstance(fact, ExitInterviewScheduled)


def test_of_a_thousand_entries_the_outcome_is_known_in_bounded_time(
    storage: Path, people: Directory, tmp_path: Path
) -> None:
    with calendar_server(storage.name, tmp_path) as url:
        office = Office(url, people).hire()
        fill(tmp_path, office.partner, EVENTS)

        fact = scheduled_or_not(office, office.resigned(), seconds=0.5)

    if isinstance(fact, ExitInterviewNotPossible):
        assert fact.cause is InterviewObstacle.NO_CALENDAR  # it never answered in time
    else:
        assert isinstance(fact, ExitInterviewScheduled)
        assert fact.start == datetime(2026, 3, 3, 13, tzinfo=UTC)


def scheduled_or_not(office: Office, event: Event, seconds: float) -> Event:
    """React as the runtime does: again and again, as long as the calendar is silent."""
    office.seconds = seconds
    for _ in range(10):
        begun = time.monotonic()
        try:
            return office.react(schedule_exit_interview, event)
        except Unavailable:
            office.now += timedelta(minutes=15)
            assert time.monotonic() - begun < 5 * seconds  # two calendars beside each other, and a probe
    raise AssertionError("it was waited for")


# ---- servers that are none


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Have each connection answered; whoever is still answering at the end is stopped."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                size = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(size[1]) if size else 0)
                await answer(head, writer)
            finally:
                writer.transport.abort() if tasks_end.is_set() else writer.close()
                await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(serve(reader, writer)))

    tasks_end = asyncio.Event()
    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        tasks_end.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def server(content: bytes, length: int = 0, wait: float = 0.0) -> AbstractAsyncContextManager[str]:
    """Answer each REPORT, GET and PUT with these bytes (and zeros up to a length), and anything else with 200."""

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        if not head.startswith((b"REPORT", b"GET", b"PUT")):
            writer.write(page(b""))
            return
        await asyncio.sleep(wait)
        writer.write(content)
        for _ in range(length // 65_536):
            writer.write(b"0" * 65_536)
            await writer.drain()

    return serving(answer)


def page(content: bytes, status: str = "200 OK", kind: str = "text/html") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nConnection: close\r\n\r\nBEGIN:VCALENDAR\r\n"
NONSENSE = (
    page(HTML),
    page(b""),
    page(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", kind="text/calendar"),
    page(b"BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nFREEBUSY:yesterday\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"),
    page(b"\xff\xfe\x00" * 50, kind="text/calendar"),
    page(b"moved", "301 Moved Permanently"),
    page(b"no", "422 Unprocessable Content"),
)


def asked(answer: bytes, *, length: int = 0, wait: float = 0.0, seconds: float = 5.0, **more: str) -> object:
    async def run() -> object:
        async with server(answer, length=length, wait=wait) as url, CalDavCalendar(url, seconds=seconds) as calendar:
            return await calendar.busy("ben", MARCH, UTC_ZONE, **more)

    return asyncio.run(run())


@pytest.mark.parametrize("answer", NONSENSE)
def test_what_is_no_answer_of_a_calendar_is_no_calendar(answer: bytes) -> None:
    assert asked(answer) is None
    assert asked(answer, besides="interview-1") is None


def test_ten_megabytes_are_no_calendar_and_are_not_read_to_their_end() -> None:
    assert asked(ENDLESS, length=10 * 1024 * 1024) is None
    assert dav.MOST_BYTES < 10 * 1024 * 1024


def test_a_calendar_that_does_not_answer_is_not_taken_for_a_server_that_is_away() -> None:
    with pytest.raises(CalendarSilent) as caught:
        asked(page(b""), wait=30.0, seconds=0.2)
    assert caught.value.untouched

    with pytest.raises(CalendarSilent):
        asked(page(b"", "500 Internal Server Error"))


def test_an_answer_that_trickles_in_for_ever_is_not_waited_for() -> None:
    async def trickle(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"OPTIONS"):
            writer.write(page(b""))
            return
        writer.write(ENDLESS)
        while not writer.is_closing():
            writer.write(b"X")
            await asyncio.sleep(0.05)

    async def run() -> None:
        async with serving(trickle) as url, CalDavCalendar(url, seconds=0.5) as calendar:
            await calendar.busy("ben", MARCH, UTC_ZONE)

    with pytest.raises(CalendarSilent):
        asyncio.run(run())


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests", "401 Unauthorized"])
def test_a_server_that_is_away_is_waited_for(status: str) -> None:
    with pytest.raises(Unavailable) as caught:
        asked(page(b"", status))
    assert not isinstance(caught.value, CalendarSilent)


def test_an_interview_whose_entry_cannot_be_read_is_shown_to_a_person() -> None:
    async def run() -> None:
        async with server(page(HTML)) as url, CalDavCalendar(url, seconds=5) as calendar:
            await calendar.cancel("ben", called_off(), still_ours)

    with pytest.raises(Reject, match="cannot be read"):
        asyncio.run(run())


def test_an_entry_that_the_server_refuses_is_shown_to_a_person_at_once() -> None:
    async def run() -> None:
        async with server(page(b"", "415 Unsupported Media Type")) as url, CalDavCalendar(url, seconds=5) as calendar:
            await calendar.book("ben", interview(), still_ours)

    with pytest.raises(Reject, match="415"):
        asyncio.run(run())


def test_one_in_whose_calendar_nothing_may_be_put_is_as_one_without() -> None:
    async def run() -> None:
        async with server(page(b"", "403 Forbidden")) as url, CalDavCalendar(url, seconds=5) as calendar:
            await calendar.book("ben", interview(), still_ours)

    with pytest.raises(NotPossible) as caught:
        asyncio.run(run())
    assert caught.value.cause is InterviewObstacle.NO_CALENDAR


def test_an_interview_that_somebody_made_a_whole_day_is_still_understood(url: str, owner: str) -> None:
    put(url, owner, "DTSTART;VALUE=DATE:20260303", "DTEND;VALUE=DATE:20260304", uid="interview-1")

    found = using(url, lambda calendar: calendar.find(owner, "interview-1"))

    assert found is not None
    assert found.period == Period(datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    assert busy(url, owner, SLOT, besides="interview-1") == []
