"""When an interview is held: rule by rule."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from choreography import NothingToDo
from consumers.hr.handler import schedule_exit_interview
from consumers.hr.moving import move_exit_interview
from consumers.hr.slots import Period
from schemas.exits import EmployeeResigned
from schemas.hr import ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewScheduled, InterviewObstacle
from tests.unit.hr_company import Company, changed, resigned

BERLIN = ZoneInfo("Europe/Berlin")
QUARTERS = timedelta(minutes=45)


@pytest.fixture
def company() -> Company:
    return Company().living("Europe/Berlin")


def leaves(**differs: Any) -> EmployeeResigned:
    return resigned(**{"time_zone": "Europe/Berlin", "country": "DE", **differs})


def planned(company: Company, **differs: Any) -> ExitInterviewScheduled:
    fact = company.react(schedule_exit_interview, leaves(**differs))
    assert isinstance(fact, ExitInterviewScheduled)
    return fact


def take(company: Company, owner: str, start: datetime, end: datetime) -> None:
    """Have somebody be busy."""
    company.calendar.entries[owner][f"meeting {start}"] = Period(start, end)


def taken(company: Company, owner: str) -> list[Period]:
    return sorted(company.calendar.entries[owner].values())


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


def test_it_takes_three_quarters_of_an_hour_from_the_opening_of_the_next_working_day(company: Company) -> None:
    fact = planned(company)

    assert (fact.start, fact.duration_minutes, fact.same_day) == (berlin(3, 9), 45, False)
    assert taken(company, "ben") == [Period(berlin(3, 9), berlin(3, 9, 45))]


def test_on_a_friday_it_is_the_monday_that_follows(company: Company) -> None:
    company.now = utc(6, 12)

    assert planned(company).start == berlin(9, 9)


@pytest.mark.parametrize(
    ("free_from", "start"),
    [(berlin(3, 16, 15), berlin(3, 16, 15)), (berlin(3, 16, 30), berlin(4, 9)), (berlin(3, 9, 5), berlin(3, 9, 15))],
)
def test_it_is_over_when_the_office_closes_and_begins_on_a_quarter(
    company: Company, free_from: datetime, start: datetime
) -> None:
    take(company, "ben", berlin(3, 8), free_from)

    assert planned(company).start == start


@pytest.mark.parametrize(
    ("zone", "partner_zone", "start"),
    [
        ("America/New_York", "America/Los_Angeles", utc(3, 17)),  # 12:00, and 09:00 where the partner is
        ("America/Los_Angeles", "America/New_York", utc(3, 17)),  # 09:00, and 12:00
        ("Europe/Berlin", "Asia/Kolkata", utc(3, 8)),  # 09:00, and 13:30; from 12:30 on it is too late
    ],
)
def test_it_is_in_the_office_hours_of_both_wherever_they_are(
    company: Company, zone: str, partner_zone: str, start: datetime
) -> None:
    company.living(zone, partner_zone)

    assert planned(company, time_zone=zone, country=None).start == start


@pytest.mark.parametrize(
    ("zone", "partner_zone", "free_from", "start"),
    [
        ("America/New_York", "America/Los_Angeles", utc(3, 21, 30), utc(4, 17)),  # 16:30, and 13:30
        ("Europe/Berlin", "Asia/Kolkata", utc(3, 11), utc(4, 8)),  # 12:00, and 16:30
    ],
)
def test_where_the_office_hours_of_both_have_ended_it_is_the_next_day(
    company: Company, zone: str, partner_zone: str, free_from: datetime, start: datetime
) -> None:
    company.living(zone, partner_zone)
    take(company, "ben", utc(3, 0), free_from)

    assert planned(company, time_zone=zone, country=None).start == start


def test_where_the_zone_of_a_resignation_is_only_the_companys_the_directory_knows_better(company: Company) -> None:
    company.living("America/New_York", "Europe/Berlin")

    assert planned(company, country=None).start == utc(3, 14)


def test_a_sunday_that_is_a_working_day_of_the_employee_is_none_of_the_interviewers(company: Company) -> None:
    company.living("Asia/Jerusalem", "Europe/Berlin")
    company.now = utc(7, 12)  # a Saturday

    fact = planned(company, time_zone="Asia/Jerusalem", country="IL")

    assert fact.start == berlin(9, 9)


def test_the_fifth_working_day_is_the_last_that_is_offered(company: Company) -> None:
    take(company, "ana", berlin(3, 0), berlin(9, 0))
    assert planned(company).start == berlin(9, 9)


def test_after_the_fifth_working_day_there_is_none(company: Company) -> None:
    take(company, "ana", berlin(3, 0), berlin(10, 0))

    fact = company.react(schedule_exit_interview, leaves())

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.NO_FREE_SLOT


def test_public_holidays_of_the_country_are_left_out(company: Company) -> None:
    company.now = datetime(2026, 4, 2, 12, tzinfo=UTC)  # the Thursday before Easter

    start = planned(company).start

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
    company: Company, last_working_day: date, start: datetime, same_day: bool
) -> None:
    fact = planned(company, last_working_day=last_working_day)

    assert (fact.start, fact.same_day) == (start, same_day)


def test_after_the_last_working_day_there_is_none(company: Company) -> None:
    fact = company.react(schedule_exit_interview, leaves(last_working_day=date(2026, 2, 27)))

    assert isinstance(fact, ExitInterviewNotPossible)
    assert fact.cause is InterviewObstacle.TOO_LATE


def test_whether_a_new_last_working_day_suits_is_reckoned_in_working_days_as_well(company: Company) -> None:
    company.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    planned(company)  # on the Wednesday, and Friday is Good Friday

    moved = company.react(move_exit_interview, changed(2, date(2026, 4, 3)))

    assert isinstance(moved, ExitInterviewMoved)
    assert (moved.start.astimezone(BERLIN).date(), moved.same_day) == (date(2026, 3, 31), True)


@pytest.mark.parametrize("whose", ["partner", "leaver"])
def test_whoever_was_faster_in_either_calendar_is_seen_after_booking(company: Company, whose: str) -> None:

    async def put_between() -> None:
        take(company, {"partner": "ben", "leaver": "ana"}[whose], berlin(3, 9, 30), berlin(3, 10))

    company.calendar.before_writing = put_between

    assert planned(company).clash


def test_whoever_was_faster_is_seen_after_a_move_as_well(company: Company) -> None:
    planned(company)

    async def put_between() -> None:
        take(company, "ben", berlin(2, 13, 30), berlin(2, 14))

    company.calendar.before_writing = put_between
    moved = company.react(move_exit_interview, changed(2, date(2026, 3, 3)))

    assert isinstance(moved, ExitInterviewMoved)
    assert moved.clash


def test_nobody_interviews_themselves(company: Company) -> None:
    fact = planned(company, hr_partner_id="ana")

    assert (fact.interviewer_id, taken(company, "ana")) == ("ben", [])


# ---- a crash between what was decided, what was done, and what was stated


class Killed(BaseException):
    """The process died at this point."""


async def die() -> None:
    raise Killed


def test_the_time_that_was_decided_before_a_crash_is_the_one_that_is_booked_after_it(company: Company) -> None:
    event = leaves()
    take(company, "ana", berlin(3, 8), berlin(3, 10))
    company.calendar.before_writing = die
    with pytest.raises(Killed):
        company.react(schedule_exit_interview, event)
    take(company, "ana", berlin(3, 10), berlin(3, 11))

    fact = company.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert (fact.start, fact.clash) == (berlin(3, 10), True)


def test_the_move_that_was_decided_before_a_crash_is_the_one_that_is_made_after_it(company: Company) -> None:
    planned(company)
    event = changed(2, date(2026, 3, 3))
    company.calendar.before_writing = die
    with pytest.raises(Killed):
        company.react(move_exit_interview, event)
    take(company, "ben", berlin(2, 13, 30), berlin(2, 14))

    moved = company.react(move_exit_interview, event, repeated=True)

    assert isinstance(moved, ExitInterviewMoved)
    assert (moved.start, moved.clash) == (berlin(2, 13, 30), True)


def test_a_decided_time_that_passed_before_it_was_booked_is_chosen_anew(company: Company) -> None:
    event = leaves()
    company.calendar.before_writing = die
    with pytest.raises(Killed):
        company.react(schedule_exit_interview, event)
    company.now = berlin(3, 12).astimezone(UTC)

    fact = company.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert fact.start == berlin(4, 9)
    assert taken(company, "ben") == [Period(fact.start, fact.start + QUARTERS)]


def test_a_decided_time_that_passed_after_it_was_booked_stands(company: Company) -> None:
    event = leaves(last_working_day=date(2026, 3, 5))
    company.react(schedule_exit_interview, event)
    company.memory.stated.pop()  # it crashed before it could state it
    company.now = utc(6, 12)  # nothing could be booked any more

    fact = company.react(schedule_exit_interview, event, repeated=True)

    assert isinstance(fact, ExitInterviewScheduled)
    assert (fact.start, fact.sequence) == (berlin(3, 9), 1)


def test_an_interview_that_was_held_is_not_moved(company: Company) -> None:
    fact = planned(company, last_working_day=date(2026, 3, 31))
    company.now = fact.start + timedelta(hours=2)

    with pytest.raises(NothingToDo, match="held"):
        company.react(move_exit_interview, changed(2, date(2026, 3, 6)))
