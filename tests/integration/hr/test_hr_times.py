"""When an interview is held: rule by rule, with a real directory and real calendars."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import httpx2
import pytest

from choreography import NothingToDo
from consumers.hr.handler import schedule_exit_interview
from consumers.hr.moving import move_exit_interview
from consumers.hr.slots import Period
from schemas.hr import ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewScheduled, InterviewObstacle
from tests.integration.hr.calendars import BERLIN, busy, put, utc
from tests.integration.hr.office import Office

NUMBERS: Iterator[int] = count()
QUARTERS = timedelta(minutes=45)


def planned(office: Office, **differs: object) -> ExitInterviewScheduled:
    fact = office.react(schedule_exit_interview, office.resigned(**differs))
    assert isinstance(fact, ExitInterviewScheduled)
    return fact


def take(office: Office, owner: str, start: datetime, end: datetime) -> None:
    """Have somebody be busy."""
    times = (f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}", f"DTEND:{end.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    put(office.url, owner, *times, uid=f"meeting-{next(NUMBERS)}")


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


def test_it_takes_three_quarters_of_an_hour_from_the_opening_of_the_next_working_day(office: Office) -> None:
    fact = planned(office.hire())

    assert (fact.start, fact.duration_minutes, fact.same_day) == (berlin(3, 9), 45, False)
    assert busy(office.url, office.partner) == [Period(berlin(3, 9), berlin(3, 9, 45))]


def test_on_a_friday_it_is_the_monday_that_follows(office: Office) -> None:
    office.now = utc(6, 12)

    assert planned(office.hire()).start == berlin(9, 9)


@pytest.mark.parametrize(
    ("free_from", "start"),
    [(berlin(3, 16, 15), berlin(3, 16, 15)), (berlin(3, 16, 30), berlin(4, 9)), (berlin(3, 9, 5), berlin(3, 9, 15))],
)
def test_it_is_over_when_the_office_closes_and_begins_on_a_quarter(
    office: Office, free_from: datetime, start: datetime
) -> None:
    office.hire()
    take(office, office.partner, berlin(3, 8), free_from)

    assert planned(office).start == start


@pytest.mark.parametrize(
    ("zone", "partner_zone", "start"),
    [
        ("America/New_York", "America/Los_Angeles", utc(3, 17)),  # 12:00, and 09:00 where the partner is
        ("America/Los_Angeles", "America/New_York", utc(3, 17)),  # 09:00, and 12:00
        ("Europe/Berlin", "Asia/Kolkata", utc(3, 8)),  # 09:00, and 13:30; from 12:30 on it is too late
    ],
)
def test_it_is_in_the_office_hours_of_both_wherever_they_are(
    office: Office, zone: str, partner_zone: str, start: datetime
) -> None:
    office.zone, office.partner_zone = zone, partner_zone

    assert planned(office.hire(), time_zone=zone, country=None).start == start


@pytest.mark.parametrize(
    ("zone", "partner_zone", "free_from", "start"),
    [
        ("America/New_York", "America/Los_Angeles", utc(3, 21, 30), utc(4, 17)),  # 16:30, and 13:30
        ("Europe/Berlin", "Asia/Kolkata", utc(3, 11), utc(4, 8)),  # 12:00, and 16:30
    ],
)
def test_where_the_office_hours_of_both_have_ended_it_is_the_next_day(
    office: Office, zone: str, partner_zone: str, free_from: datetime, start: datetime
) -> None:
    office.zone, office.partner_zone = zone, partner_zone
    office.hire()
    take(office, office.partner, utc(3, 0), free_from)

    assert planned(office, time_zone=zone, country=None).start == start


def test_where_the_zone_of_a_resignation_is_only_the_companys_the_directory_knows_better(office: Office) -> None:
    office.company_zone, office.zone, office.partner_zone = "Europe/Berlin", "America/New_York", "Europe/Berlin"

    assert planned(office.hire(), country=None).start == utc(3, 14)


def test_a_day_off_is_a_day_where_the_person_lives(office: Office) -> None:
    office.zone = "Pacific/Kiritimati"  # where it is the third already; that day in UTC begins at 14:00 there
    put(office.url, office.leaver, "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260305")

    start = planned(office.hire(), time_zone=office.zone, country=None).start

    assert start.astimezone(ZoneInfo(office.zone)).date() == date(2026, 3, 5)


def test_a_sunday_that_is_a_working_day_of_the_employee_is_none_of_the_interviewers(office: Office) -> None:
    office.zone, office.partner_zone = "Asia/Jerusalem", "Europe/Berlin"
    office.now = utc(7, 12)  # a Saturday

    fact = planned(office.hire(), time_zone="Asia/Jerusalem", country="IL")

    assert fact.start == berlin(9, 9)


def test_the_fifth_working_day_is_the_last_that_is_offered(office: Office) -> None:
    office.hire()
    take(office, office.leaver, berlin(3, 0), berlin(9, 0))
    assert planned(office).start == berlin(9, 9)


def test_after_the_fifth_working_day_there_is_none(office: Office) -> None:
    office.hire()
    take(office, office.leaver, berlin(3, 0), berlin(10, 0))

    fact = office.react(schedule_exit_interview, office.resigned())

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.NO_FREE_SLOT


def test_public_holidays_of_the_country_are_left_out(office: Office) -> None:
    office.now = datetime(2026, 4, 2, 12, tzinfo=UTC)  # the Thursday before Easter

    start = planned(office.hire()).start

    assert start == datetime(2026, 4, 7, 9, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("last_working_day", "start", "same_day"),
    [
        (date(2026, 3, 5), berlin(3, 9), False),  # Wednesday and Thursday follow
        (date(2026, 3, 4), berlin(2, 13, 30), True),
        (date(2026, 3, 3), berlin(2, 13, 30), True),
        (date(2026, 3, 2), berlin(2, 13, 30), True),
    ],
)
def test_two_working_days_follow_it_or_it_is_today_which_is_said(
    office: Office, last_working_day: date, start: datetime, same_day: bool
) -> None:
    fact = planned(office.hire(), last_working_day=last_working_day)

    assert (fact.start, fact.same_day) == (start, same_day)


def test_after_the_last_working_day_there_is_none(office: Office) -> None:
    fact = office.react(schedule_exit_interview, office.hire().resigned(last_working_day=date(2026, 2, 27)))

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.TOO_LATE


def test_whether_a_new_last_working_day_suits_is_reckoned_in_working_days_as_well(office: Office) -> None:
    office.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    planned(office.hire())  # on the Wednesday, and Friday is Good Friday

    moved = office.react(move_exit_interview, office.changed(date(2026, 4, 3)))

    assert isinstance(moved, ExitInterviewMoved)
    assert (moved.start.astimezone(BERLIN).date(), moved.same_day) == (date(2026, 3, 31), True)


@pytest.mark.parametrize("whose", ["partner", "leaver"])
def test_whoever_was_faster_in_either_calendar_is_seen_after_booking(office: Office, whose: str) -> None:
    office.hire()

    async def put_between() -> None:
        take(office, getattr(office, whose), berlin(3, 9, 30), berlin(3, 10))

    office.before_writing = put_between

    assert planned(office).clash


def test_whoever_was_faster_is_seen_after_a_move_as_well(office: Office) -> None:
    planned(office.hire())

    async def put_between() -> None:
        take(office, office.partner, berlin(2, 13, 30), berlin(2, 14))

    office.before_writing = put_between
    moved = office.react(move_exit_interview, office.changed(date(2026, 3, 3)))

    assert isinstance(moved, ExitInterviewMoved)
    assert moved.clash


def test_nobody_interviews_themselves(office: Office) -> None:
    fact = planned(office.hire(), hr_partner_id=office.leaver)

    assert (fact.interviewer_id, busy(office.url, office.leaver)) == (office.partner, [])


class NobodyMayRead(httpx2.AsyncHTTPTransport):
    """On the way to calendars in which we may write, and in which we may not see when somebody is busy."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(403) if request.method == "REPORT" else await super().handle_async_request(request)


def test_whose_times_cannot_be_read_is_not_taken_to_be_free(office: Office) -> None:
    office.between = NobodyMayRead()

    fact = office.react(schedule_exit_interview, office.hire().resigned())

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.NO_CALENDAR
    assert busy(office.url, office.partner) == []


# ---- a crash between what was decided, what was done, and what was stated


class Killed(BaseException):
    """The process died at this point."""


async def die() -> None:
    raise Killed


def test_the_time_that_was_decided_before_a_crash_is_the_one_that_is_booked_after_it(office: Office) -> None:
    event = office.hire().resigned()
    take(office, office.leaver, berlin(3, 8), berlin(3, 10))
    office.before_writing = die
    with pytest.raises(Killed):
        office.react(schedule_exit_interview, event)
    take(office, office.leaver, berlin(3, 10), berlin(3, 11))

    fact = office.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert (fact.start, fact.clash) == (berlin(3, 10), True)


def test_the_move_that_was_decided_before_a_crash_is_the_one_that_is_made_after_it(office: Office) -> None:
    planned(office.hire())
    event = office.changed(date(2026, 3, 3))
    office.before_writing = die
    with pytest.raises(Killed):
        office.react(move_exit_interview, event)
    take(office, office.partner, berlin(2, 13, 30), berlin(2, 14))

    moved = office.react(move_exit_interview, event, repeated=True)

    assert isinstance(moved, ExitInterviewMoved)
    assert (moved.start, moved.clash) == (berlin(2, 13, 30), True)


def test_a_decided_time_that_passed_before_it_was_booked_is_chosen_anew(office: Office) -> None:
    event = office.hire().resigned()
    office.before_writing = die
    with pytest.raises(Killed):
        office.react(schedule_exit_interview, event)
    office.now = berlin(3, 12).astimezone(UTC)

    fact = office.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert fact.start == berlin(4, 9)
    assert busy(office.url, office.partner) == [Period(fact.start, fact.start + QUARTERS)]


def test_a_decided_time_that_passed_after_it_was_booked_stands(office: Office) -> None:
    event = office.hire().resigned(last_working_day=date(2026, 3, 5))
    office.react(schedule_exit_interview, event)
    office.memory.stated.pop()  # it crashed before it could state it
    office.now = utc(6, 12)  # nothing could be booked any more

    fact = office.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert (fact.start, fact.sequence) == (berlin(3, 9), 1)


def test_an_interview_that_was_held_is_not_moved(office: Office) -> None:
    fact = planned(office.hire(), last_working_day=date(2026, 3, 31))
    office.now = fact.start + timedelta(hours=2)

    with pytest.raises(NothingToDo, match="held"):
        office.react(move_exit_interview, office.changed(date(2026, 3, 6)))
