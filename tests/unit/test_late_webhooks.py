"""A vendor's webhook about somebody who has just departed opens no new case; one about somebody hired again does."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from choreography.testing.fake import FakeClock
from producers.ems.bodies import Decision, LastWorkingDay
from producers.ems.vendors import VENDORS
from producers.ems.vendors.reception import Reception
from tests.integration.intake.office import ZONE
from tests.integration.intake.small_office import SmallOffice, database_of, on_both
from tests.integration.intake.vendor_webhooks import encoded, exit_of

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LAST = date(2026, 3, 31)
EMPLOYEE = "7"


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Iterator[SmallOffice]:
    one = SmallOffice(database_of(request), FakeClock(START))
    yield one
    one.close()


def send(office: SmallOffice, vendor: str, day: date) -> dict[str, Any]:
    reception = Reception(VENDORS[vendor], ["key"], office.clock, ZONE)
    body = encoded(exit_of(vendor, EMPLOYEE, str(day))).encode()
    answer: dict[str, Any] = json.loads(asyncio.run(reception.receive(office.intake, body)))
    return answer


def departed_at(office: SmallOffice, moment: datetime, zone: str = ZONE) -> None:
    office.leaving(LAST, zone, EMPLOYEE)
    office.look_at(moment)
    assert len(office.departed(EMPLOYEE)) == 1


def assert_is_ignored(office: SmallOffice, answer: dict[str, Any]) -> None:
    (reason,) = answer["ignored"]
    assert "has left" in reason
    assert (answer["taken"], len(office.facts(EMPLOYEE))) == ([], 3)


def test_that_somebody_left_is_no_news_when_the_day_has_come(office: SmallOffice) -> None:
    departed_at(office, datetime(2026, 3, 31, 22, tzinfo=UTC))

    assert_is_ignored(office, send(office, "hibob", LAST))


@pytest.mark.parametrize("vendor", ["bamboohr", "deel", "merge"])
def test_a_last_working_day_that_is_over_where_the_person_is_opens_no_case(office: SmallOffice, vendor: str) -> None:
    departed_at(office, datetime(2026, 3, 31, 16, tzinfo=UTC), zone="Asia/Tokyo")  # 18:00 in Berlin, of the same day

    assert_is_ignored(office, send(office, vendor, LAST))


@pytest.mark.parametrize(("days", "is_taken"), [(29, False), (31, True)])
def test_whoever_was_hired_again_is_not_ignored_for_ever(office: SmallOffice, days: int, is_taken: bool) -> None:
    departed_at(office, datetime(2026, 4, 1, 0, tzinfo=UTC))
    office.clock.advance(timedelta(days=days))

    assert len(send(office, "hibob", LAST)["taken"]) == is_taken


@pytest.mark.parametrize("vendor", ["bamboohr", "deel", "merge"])
def test_a_later_day_is_that_of_somebody_hired_again(office: SmallOffice, vendor: str) -> None:
    departed_at(office, datetime(2026, 4, 1, 0, tzinfo=UTC))

    assert len(send(office, vendor, LAST + timedelta(days=20))["taken"]) == 1


@on_both("office")
def test_the_newest_case_counts(office: SmallOffice) -> None:
    departed_at(office, datetime(2026, 4, 1, 0, tzinfo=UTC))
    office.resign(EMPLOYEE)

    assert "already being handled" in send(office, "hibob", LAST)["ignored"][0]


def test_a_webhook_that_opened_the_case_gets_its_first_answer_again(office: SmallOffice) -> None:
    first = send(office, "hibob", LAST)
    case_id = office.facts(EMPLOYEE)[0].case_id  # type: ignore[attr-defined]
    office.ask(case_id, LastWorkingDay(last_working_day=LAST))
    office.ask(case_id, Decision(outcome="CONFIRMED"))
    office.look_at(datetime(2026, 4, 1, 0, tzinfo=UTC))
    assert len(office.departed(EMPLOYEE)) == 1

    assert send(office, "hibob", LAST) == first
