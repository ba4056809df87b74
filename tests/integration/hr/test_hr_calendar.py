"""Interviews in the calendars of real CalDAV servers."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from icalendar import Calendar

from choreography import ClaimLost, NothingToDo, Reject, Unavailable
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.ports import Booked
from consumers.hr.slots import Period
from consumers.shared.directory import Person
from tests.integration.hr.calendars import (
    ALARM,
    BERLIN,
    BERLIN_RULES,
    MARCH,
    SLOT,
    UTC_ZONE,
    address,
    busy,
    called_off,
    cancel,
    event_at,
    free_port,
    interview,
    lost,
    put,
    still_ours,
    stored,
    using,
    utc,
)
from tests.unit.hr_company import someone


@pytest.mark.parametrize("status", ["STATUS:CONFIRMED", "STATUS:TENTATIVE", "TRANSP:OPAQUE", "CLASS:PRIVATE"])
def test_a_meeting_takes_time(url: str, owner: str, status: str) -> None:
    put(url, owner, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z", status)

    assert busy(url, owner) == [Period(utc(3, 9), utc(3, 10))]


@pytest.mark.parametrize("status", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_what_is_cancelled_or_only_noted_takes_no_time(url: str, owner: str, status: str) -> None:
    put(url, owner, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z", status)

    assert busy(url, owner) == []
    assert busy(url, owner, besides="interview-1") == []


def test_a_day_off_takes_the_whole_day(url: str, owner: str) -> None:
    put(url, owner, "DTSTART;VALUE=DATE:20260303", "DTEND;VALUE=DATE:20260304")

    assert busy(url, owner) == [Period(utc(3, 0), utc(4, 0))]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Pacific/Honolulu"])
def test_a_day_off_that_touches_a_meeting_is_a_day_where_the_person_lives(url: str, owner: str, zone: str) -> None:
    put(url, owner, "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260305")
    put(url, owner, "DTSTART:20260305T000000Z", "DTEND:20260305T010000Z", uid="touches")
    day = Period(*(datetime(2026, 3, one, tzinfo=ZoneInfo(zone)) for one in (4, 5)))

    taken = busy(url, owner, day, zone=ZoneInfo(zone)) or []

    assert any(one.start <= day.start and day.end <= one.end for one in taken)
    assert busy(url, owner, day, "interview-1", ZoneInfo(zone))


def test_a_weekly_meeting_keeps_its_time_on_the_wall_when_the_clocks_change(url: str, owner: str) -> None:
    lines = (
        "DTSTART;TZID=Europe/Berlin:20260105T100000",
        "DURATION:PT30M",
        "RRULE:FREQ=WEEKLY",
        "EXDATE;TZID=Europe/Berlin:20260316T100000",
    )
    put(url, owner, *lines, before=BERLIN_RULES)

    days = {period.start.astimezone(BERLIN).strftime("%d %H:%M") for period in busy(url, owner) or []}

    assert days == {"02 10:00", "09 10:00", "23 10:00", "30 10:00"}


def test_a_meeting_that_ends_before_it_begins_is_left_out_by_the_server_or_counts_as_busy(url: str, owner: str) -> None:
    put(url, owner, "DTSTART:20260303T100000Z", "DTEND:20260303T090000Z")

    assert busy(url, owner) in ([], [Period(utc(3, 0), utc(4, 0))])


def test_who_has_no_calendar_is_not_taken_to_be_free(url: str) -> None:
    assert busy(url, "E-nobody") is None
    assert busy(url, "E-nobody", besides="interview-1") is None


def test_a_calendar_is_found_by_its_principal_or_by_another_name_of_its_owner(
    url: str, owner: str, storage: Path
) -> None:
    async def who(_: str) -> list[Person]:
        return [someone("ana", user_name=owner)]

    put(url, owner, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z")
    named = "{user_name}/" if storage.name == "radicale" else principal_on_xandikos(url)

    assert busy(url, "ana", calendar="{user_name}/calendar/", who=who) == [Period(utc(3, 9), utc(3, 10))]
    found = using(url, lambda calendar: calendar.book("ana", interview(), still_ours), principal=named, who=who)
    assert found.period == SLOT
    assert SLOT in (busy(url, "ana", principal=named, who=who) or [])


def principal_on_xandikos(url: str) -> str:
    """Give the one principal there a calendar in its home; it is nobody's own."""
    for method, path in (("MKCOL", "user/calendars"), ("MKCALENDAR", "user/calendars/calendar")):
        httpx2.request(method, f"{url}{path}/")
    return "user/"


def test_the_booked_interview_says_nothing_to_onlookers_and_invites_nobody_by_itself(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))

    calendar = Calendar.from_ical(stored(url, owner))
    assert isinstance(calendar, Calendar)
    event = calendar.events[0]
    assert "METHOD" not in calendar
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert (event["SUMMARY"], event["CLASS"], event["SEQUENCE"]) == ("Conversation", "CONFIDENTIAL", 1)
    assert event.decoded("DTSTART") == SLOT.start
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event.decoded("DTSTAMP") == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert event["ORGANIZER"] == "mailto:sabine@example.com"
    parties = [event.organizer, *event.attendees]
    assert [str(one.params["CN"]) for one in parties if one] == ["Sabine Hartmann"] * 2 + ["Jonas 'Jo' Brandt X-EVIL:1"]
    assert {str(one.params["SCHEDULE-AGENT"]) for one in parties if one} == {"CLIENT"}
    assert busy(url, owner) == [SLOT]


def test_booked_twice_it_stands_once_where_it_stood(url: str, owner: str) -> None:
    later = Period(SLOT.start + timedelta(days=1), SLOT.end + timedelta(days=1))
    first = using(url, lambda calendar: calendar.book(owner, interview(), still_ours))

    second = using(url, lambda calendar: calendar.book(owner, interview(later), still_ours))

    assert (first.period, second.period) == (SLOT, SLOT)
    assert busy(url, owner) == [SLOT]


def test_it_is_found_only_where_it_stands(url: str, owner: str) -> None:
    assert using(url, lambda calendar: calendar.find(owner, "interview-1")) is None

    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))

    assert using(url, lambda calendar: calendar.find(owner, "interview-1")) == Booked(SLOT, sequence=1, version=1)


def test_somebody_elses_entry_in_its_place_is_neither_taken_for_it_nor_deleted(url: str, owner: str) -> None:
    put(url, owner, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z", uid="private", at="interview-1")

    with pytest.raises(Reject):
        using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    with pytest.raises(Reject):
        cancel(url, owner)

    assert "UID:private" in stored(url, owner)


def test_a_clash_is_seen_though_the_interview_covers_the_same_time(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    assert busy(url, owner, SLOT, besides="interview-1") == []

    put(url, owner, "DTSTART:20260303T080000Z", "DTEND:20260303T084500Z")

    assert busy(url, owner, SLOT, besides="interview-1") == [SLOT]


def test_a_meeting_right_after_the_interview_is_no_clash(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    put(url, owner, "DTSTART:20260303T084500Z", "DTEND:20260303T100000Z")

    assert busy(url, owner, SLOT, besides="interview-1") == []


def test_a_cancelled_interview_takes_no_time_and_may_be_cancelled_again(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))

    cancel(url, owner)
    once = stored(url, owner)
    cancel(url, owner)

    assert busy(url, owner) == []
    assert busy(url, owner, SLOT, besides="another") == []
    assert stored(url, owner) == once


def test_what_stays_of_a_cancelled_interview_names_nobody_but_its_organizer_and_reminds_nobody(
    url: str, owner: str
) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    assert event_at(url, owner).attendees

    cancel(url, owner)

    event = event_at(url, owner)
    assert (event["UID"], event["STATUS"], event["TRANSP"]) == ("interview-1", "CANCELLED", "TRANSPARENT")
    assert (event["SEQUENCE"], event["CLASS"], event["SUMMARY"]) == (2, "CONFIDENTIAL", "Cancelled: Conversation")
    assert event.decoded("DTSTART") == SLOT.start
    assert event["ORGANIZER"] == "mailto:sabine@example.com"
    assert str(event["ORGANIZER"].params["SCHEDULE-AGENT"]) == "CLIENT"
    assert event.attendees == []
    assert event.walk("VALARM") == []
    assert "jonas" not in stored(url, owner).lower()


def test_a_cancelled_interview_is_newer_than_whatever_hr_made_of_it(url: str, owner: str) -> None:
    put(url, owner, "DTSTART:20260303T090000Z", "DTEND:20260303T100000Z", "SEQUENCE:7", *ALARM, uid="interview-1")

    cancel(url, owner)

    event = event_at(url, owner)
    assert (event["SEQUENCE"], event.walk("VALARM")) == (8, [])


def test_a_request_that_was_long_on_its_way_books_nothing_after_the_cancellation(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    cancel(url, owner)

    late = httpx2.put(
        address(url, owner, "interview-1"),
        content=interview().ical(),
        headers={"Content-Type": "text/calendar", "If-None-Match": "*"},
    )

    assert late.status_code == 412
    assert busy(url, owner) == []


@pytest.mark.parametrize("was_booked", [True, False])
def test_who_was_paused_before_the_request_wakes_to_an_interview_that_was_called_off(
    url: str, owner: str, was_booked: bool
) -> None:
    if was_booked:
        using(url, lambda calendar: calendar.book(owner, interview(), still_ours))

    async def paused() -> None:
        """Wake after the successor has called it off; the claim was checked before that."""
        async with CalDavCalendar(url, seconds=5) as another:
            await another.cancel(owner, called_off(), still_ours)

    with pytest.raises(NothingToDo):
        using(url, lambda calendar: calendar.book(owner, interview(), paused))

    assert busy(url, owner) == []
    assert event_at(url, owner)["STATUS"] == "CANCELLED"
    found = using(url, lambda calendar: calendar.find(owner, "interview-1"))
    assert found is not None
    assert (found.is_cancelled, found.version) == (True, 2)


def test_who_was_paused_before_calling_it_off_leaves_what_the_successor_left(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    left: list[str] = []

    async def paused() -> None:
        if not left:
            async with CalDavCalendar(url, seconds=5) as another:
                await another.cancel(owner, called_off(sequence=3), still_ours)
            left.append(stored(url, owner))

    cancel(url, owner, paused)

    assert [stored(url, owner)] == left


def test_another_case_of_the_same_person_is_booked_though_one_was_called_off(url: str, owner: str) -> None:
    cancel(url, owner)
    again = replace(interview(), slot=interview().slot.model_copy(update={"uid": "interview-2"}))

    assert using(url, lambda calendar: calendar.book(owner, again, still_ours)).period == SLOT
    assert busy(url, owner) == [SLOT]


def test_an_interview_that_hr_deletes_at_the_same_moment_is_cancelled(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    deletions = iter([address(url, owner, "interview-1")])

    async def deleted_once() -> None:
        for one in deletions:
            httpx2.delete(one).raise_for_status()

    cancel(url, owner, deleted_once)

    assert event_at(url, owner)["STATUS"] == "CANCELLED"


def test_where_no_calendar_is_left_nothing_can_be_put_and_nothing_is_to_cancel(url: str) -> None:
    cancel(url, "E-nobody")

    assert busy(url, "E-nobody") is None


def test_an_interview_that_hr_changes_at_the_same_moment_is_still_cancelled(url: str, owner: str) -> None:
    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    changes = iter(["DTEND:20260303T100000Z"])

    async def changed_once() -> None:
        for end in changes:
            put(url, owner, "DTSTART:20260303T090000Z", end, uid="interview-1")

    cancel(url, owner, changed_once)

    assert busy(url, owner) == []


def test_who_has_lost_the_partition_changes_nothing(url: str, owner: str) -> None:
    with pytest.raises(ClaimLost):
        using(url, lambda calendar: calendar.book(owner, interview(), lost))
    assert busy(url, owner) == []

    using(url, lambda calendar: calendar.book(owner, interview(), still_ours))
    with pytest.raises(ClaimLost):
        cancel(url, owner, lost)
    assert busy(url, owner) == [SLOT]


@pytest.mark.parametrize("name", ["nobody/../{}", "..", "", "../{}/calendar/.."])
def test_an_id_cannot_lead_to_somebody_elses_calendar(url: str, owner: str, name: str) -> None:
    assert busy(url, name.format(owner)) is None


async def _never() -> None:
    raise AssertionError("nothing may be written")


def test_a_server_that_is_away_was_certainly_not_touched() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    for use in (
        lambda calendar: calendar.busy("ana", MARCH, UTC_ZONE),
        lambda calendar: calendar.find("ana", "interview-1"),
        lambda calendar: calendar.book("ana", interview(), still_ours),
        lambda calendar: calendar.cancel("ana", called_off(), _never),
        lambda calendar: calendar.probe(),
    ):
        with pytest.raises(Unavailable) as caught:
            using(nowhere, use)
        assert caught.value.untouched


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 2"])
def test_a_server_that_breaks_while_it_books_may_have_been_touched(answer: bytes) -> None:
    async def run() -> None:
        async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"END:VCALENDAR")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(broken, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with CalDavCalendar(f"http://127.0.0.1:{port}", seconds=5) as calendar:
                await calendar.book("ana", interview(), still_ours)

    with pytest.raises(Unavailable) as caught:
        asyncio.run(run())
    assert not caught.value.untouched


def test_the_same_interview_is_the_same_bytes() -> None:
    assert interview().ical() == interview().ical()
    assert called_off().ical() == called_off().ical()
