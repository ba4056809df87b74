"""The fictional company has everybody that the stories and the awkward cases need."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from pydantic import TypeAdapter
from pydantic.networks import EmailStr

from consumers.access.policy import read_policy
from infra.sandbox import company
from infra.sandbox.appointments import appointments, calendar
from infra.sandbox.people import PEOPLE, Person
from infra.sandbox.seed import group, user

TODAY = date(2026, 3, 4)
INTERVIEW = timedelta(minutes=45)
CLOCK_CHANGES_AND_OTHER_DAYS = [date(2026, 1, 1) + timedelta(days=days) for days in range(0, 364, 5)]
EMPLOYEES = [one for one in PEOPLE if one.has_calendar]
IDS = {one.mail: f"scim-{one.mail}" for one in PEOPLE}


def test_about_forty_people_work_in_three_time_zones_and_two_languages() -> None:
    assert 38 <= len(PEOPLE) <= 44
    assert {one.office.zone for one in PEOPLE} == {"Europe/Berlin", "America/New_York", "Asia/Singapore"}
    assert {one.language for one in PEOPLE} == {"de", "en"}


def test_everybody_has_a_valid_mail_address_and_a_number_of_their_own() -> None:
    for one in PEOPLE:
        assert TypeAdapter(EmailStr).validate_python(one.mail) == one.mail
    assert max(Counter(one.mail for one in PEOPLE).values()) == 1
    assert max(Counter(one.employee_number for one in PEOPLE).values()) == 1


def test_managers_are_listed_before_those_who_report_to_them() -> None:
    known: set[str] = set()
    for one in PEOPLE:
        assert one.manager is None or one.manager in known
        known.add(one.employee_id)


@pytest.mark.parametrize("employee_id", [company.WILL_STAY, company.WILL_LEAVE])
def test_the_two_of_the_story_are_ordinary(employee_id: str) -> None:
    leaver = company.person(employee_id)

    critical = company.critical_groups_of(employee_id)

    assert leaver.manager is not None
    assert company.person(leaver.manager).active
    assert company.hr_partner_of(leaver).has_calendar
    assert len(critical) >= 2
    assert all(len(company.members(name)) > 1 for name in critical)
    assert any(leaver in company.members(name) for name in company.HARMLESS_GROUPS)


def test_the_awkward_ones_are_what_they_are_called() -> None:
    assert company.person(company.NOBODY_ABOVE).manager is None
    assert not company.person(company.INACTIVE_MANAGER).active
    assert company.person(company.MANAGER_IS_INACTIVE).manager == company.INACTIVE_MANAGER
    assert [one.employee_id for one in company.members(company.LAST_MEMBER_GROUP)] == [company.LAST_MEMBER]
    assert len(company.people(company.DUPLICATED)) == 2
    assert company.person(company.CONTRACTOR).user_type == "Contractor"
    assert len(company.person(company.TWO_EMPLOYMENTS).employments) == 2
    assert company.critical_groups_of(company.BREAK_GLASS)
    assert read_policy(company.ACCESS_POLICY).protected_accounts == {company.BREAK_GLASS}


def test_an_inactive_hr_partner_is_passed_over() -> None:
    assert company.INACTIVE_HR_PARTNER in company.HR_PARTNER_GROUPS["HR partners Payments"]
    assert company.hr_partner_of(company.person(company.WILL_STAY)).employee_id == company.HR_PARTNER


def test_an_hr_partner_is_not_responsible_for_their_own_exit() -> None:
    assert company.hr_partner_of(company.person(company.HR_PARTNER)).employee_id == "E1009"


def test_a_harmless_group_is_never_called_critical() -> None:
    told = set(read_policy(company.ACCESS_POLICY).critical_groups)

    assert told == set(company.CRITICAL_GROUPS)
    assert not told & (set(company.HARMLESS_GROUPS) | set(company.HR_PARTNER_GROUPS))


@pytest.mark.parametrize("person", EMPLOYEES, ids=lambda one: one.employee_id)
def test_everybody_is_busy_at_some_time_of_every_working_day(person: Person) -> None:
    days = {one.start.date() for one in appointments(person, TODAY)}

    assert {TODAY + timedelta(days=offset) for offset in (0, 1, 2, 5, 6, 7, 8, 9, 12, 13)} <= days
    assert all(day.weekday() < 5 for day in days)


@pytest.mark.parametrize(
    "person",
    [one for one in EMPLOYEES if one.employee_id != company.NO_COMMON_HOURS],
    ids=lambda one: one.employee_id,
)
def test_everybody_can_meet_their_hr_partner_within_five_working_days_all_year(person: Person) -> None:
    partner = company.hr_partner_of(person)

    for today in CLOCK_CHANGES_AND_OTHER_DAYS:
        assert free_slots(person, partner, today), f"{person.name} and {partner.name} from {today}"


def test_one_person_never_has_an_office_hour_in_common_with_the_hr_partner() -> None:
    person = company.person(company.NO_COMMON_HOURS)

    assert not any(free_slots(person, company.hr_partner_of(person), today) for today in CLOCK_CHANGES_AND_OTHER_DAYS)


def test_a_calendar_is_written_so_that_it_can_be_read_again() -> None:
    person = company.person(company.HR_PARTNER)

    events = Calendar.from_ical(calendar(person, TODAY)).events

    assert [(event["SUMMARY"], event.start, event.end) for event in events] == [
        (one.title, one.start, one.end) for one in appointments(person, TODAY)
    ]
    assert len({event["UID"] for event in events}) == len(events)
    assert calendar(person, TODAY) == calendar(person, TODAY)


def test_a_user_says_who_manages_them_and_where_they_are() -> None:
    leaver = company.person(company.WILL_LEAVE)

    written = user(leaver, IDS)

    enterprise = written["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
    assert written["externalId"] == company.WILL_LEAVE
    assert written["timezone"] == "America/New_York"
    assert enterprise["division"] == "Platform"
    assert enterprise["manager"]["value"] == "scim-samuel.adeyemi@example.com"


def test_a_group_holds_both_people_who_share_an_employee_id() -> None:
    members = {one["value"] for one in group("customer-data", IDS)["members"]}

    assert {"scim-anna.schmidt@example.com", "scim-anna.schmitt@example.com"} <= members


def free_slots(person: Person, partner: Person, today: date) -> list[datetime]:
    busy = [(one.start, one.end) for who in (person, partner) for one in appointments(who, today)]
    days = [today + timedelta(days=offset) for offset in range(1, 10)]
    working = [day for day in days if day.weekday() < 5][:5]
    return [
        start
        for day in working
        for start in quarters(day, person.office.zone)
        if in_hours(start, partner.office.zone)
        and not any(start < end and begin < start + INTERVIEW for begin, end in busy)
    ]


def quarters(day: date, zone: str) -> list[datetime]:
    first = datetime.combine(day, time(9), ZoneInfo(zone))
    last = datetime.combine(day, time(17), ZoneInfo(zone)) - INTERVIEW
    return [first + timedelta(minutes=15 * step) for step in range(((last - first) // timedelta(minutes=15)) + 1)]


def in_hours(start: datetime, zone: str) -> bool:
    there, then = (moment.astimezone(ZoneInfo(zone)) for moment in (start, start + INTERVIEW))
    return there.weekday() < 5 and time(9) <= there.time() <= then.time() <= time(17)


def test_appointments_of_a_day_do_not_overlap() -> None:
    for person in EMPLOYEES:
        for earlier, later in pairwise(appointments(person, TODAY)):
            assert earlier.end <= later.start
