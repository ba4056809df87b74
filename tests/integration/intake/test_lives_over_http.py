"""The lives of cases over HTTP, with a real database and a clock that a test moves: what ends when, and what cannot be.

Every order of events is tried in `tests/unit/test_lives_of_cases`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from choreography import IntakeHeld, IntakeRefused, IntakeReleased
from choreography.testing.fake import FakeClock
from producers.ems import quarantine
from producers.ems.quarantine import Brake, State, brake_of
from schemas.exits import EmployeeDeparted, EmployeeResigned, ExitConfirmed, ResignationWithdrawn
from tests.integration.intake.office import Office, database_url_of, open_office
from tests.integration.intake.small_office import on_both
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LAST = date(2026, 3, 31)
MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
MOVES = {
    "decision": {"outcome": "CONFIRMED"},
    "withdrawal": {},
    "void": {"reason": "ENTERED_IN_ERROR"},
    "last-working-day": {"last_working_day": "2026-06-30"},
}
ENDS: dict[str, tuple[str, dict[str, str]]] = {
    "WITHDRAWN": ("withdrawal", {}),
    "RETAINED": ("decision", {"outcome": "RETAINED"}),
    "VOIDED": ("void", {"reason": "ENTERED_IN_ERROR"}),
    "CONFIRMED": ("decision", {"outcome": "CONFIRMED"}),
}

ALLOWED = {("CONFIRMED", "withdrawal"), ("CONFIRMED", "last-working-day")}
ILLEGAL = [(end, route) for end in (*ENDS, "DEPARTED") for route in MOVES if (end, route) not in ALLOWED]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def open_one(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> Iterator[Callable[[Brake | None], Office]]:
    """Open a process of EMS; all work on one database, at one clock."""
    with ExitStack() as stack:
        url = stack.enter_context(database_url_of(request))
        yield lambda brake: stack.enter_context(open_office(tmp_path, clock, url, brake))


@pytest.fixture
def office(open_one: Callable[[Brake | None], Office]) -> Office:
    return open_one(None)


def ask(office: Office, path: str, **said: object) -> httpx2.Response:
    return office.post(path, json.dumps(said))


def resign(office: Office, employee: str = "e-1", **said: object) -> str:
    answer = ask(office, "/v1/resignations", employee_id=employee, **said)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_id"])


def move(office: Office, case_id: str, route: str, **said: object) -> httpx2.Response:
    return ask(office, f"/v1/cases/{case_id}/{route}", **said)


def leaving(office: Office, day: date | None, employee: str = "e-1", **said: object) -> str:
    """Open a case and confirm it."""
    case_id = resign(office, employee, last_working_day=day and str(day), **said)
    assert move(office, case_id, "decision", outcome="CONFIRMED").status_code == 202
    return case_id


def status(office: Office, case_id: str) -> str:
    return str(office.get(f"/v1/cases/{case_id}").json()["status"])


def departed(office: Office, employee: str = "e-1") -> list[EmployeeDeparted]:
    return [fact for fact in office.facts(employee) if isinstance(fact, EmployeeDeparted)]


def look_at(office: Office, clock: FakeClock, moment: datetime) -> None:
    clock.advance(moment - clock.now())
    office.look()


# ---- what may not happen


@pytest.mark.parametrize(("end", "route"), ILLEGAL)
def test_what_a_case_does_not_allow_is_refused_with_a_sentence_and_changes_nothing(
    office: Office, clock: FakeClock, end: str, route: str
) -> None:
    case_id = resign(office, last_working_day=str(LAST))
    by, said = ENDS.get(end, ENDS["CONFIRMED"])
    move(office, case_id, by, **said)
    if end == "DEPARTED":
        look_at(office, clock, datetime(2026, 4, 1, tzinfo=UTC))
    before = office.rows()

    refused = move(office, case_id, route, **MOVES[route])

    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["detail"].count(". ") >= 1, "what happened, and what to do"
    assert (status(office, case_id), office.rows()) == (end, before)


@on_both("open_one")
def test_each_fact_has_the_next_version_of_its_case(office: Office, clock: FakeClock) -> None:
    case_id = resign(office, last_working_day=str(LAST))
    for day in ("2026-04-30", None, "2026-03-31"):
        move(office, case_id, "last-working-day", last_working_day=day)
    move(office, case_id, "decision", outcome="CONFIRMED")
    look_at(office, clock, datetime(2026, 4, 1, tzinfo=UTC))

    facts: list[Any] = office.facts("e-1")
    assert [fact.case_version for fact in facts] == [1, 2, 3, 4, 5, 6]
    assert {str(fact.case_id) for fact in facts} == {case_id}


def test_a_second_resignation_waits_for_the_end_of_the_first(office: Office) -> None:
    first = resign(office)
    refused = ask(office, "/v1/resignations", employee_id="e-1")
    move(office, first, "withdrawal")

    assert (refused.status_code, refused.json()["case_id"]) == (409, first)
    assert resign(office) != first


def test_a_confirmed_case_is_open_as_well(office: Office) -> None:
    first = leaving(office, LAST)

    assert ask(office, "/v1/resignations", employee_id="e-1").json()["case_id"] == first


def test_who_holds_several_employments_ends_each_by_a_case_of_its_own(office: Office, clock: FakeClock) -> None:
    main = leaving(office, date(2026, 4, 30), employment_id="main")
    side = leaving(office, LAST, employment_id="side")
    again = ask(office, "/v1/resignations", employee_id="e-1", employment_id="side")
    unnamed = ask(office, "/v1/resignations", employee_id="e-1")

    assert (again.status_code, again.json()["case_id"], unnamed.status_code) == (409, side, 409)
    look_at(office, clock, datetime(2026, 4, 1, tzinfo=UTC))
    assert (status(office, side), status(office, main)) == ("DEPARTED", "CONFIRMED")
    look_at(office, clock, datetime(2026, 5, 1, tzinfo=UTC))
    assert status(office, main) == "DEPARTED"


def test_a_duplicate_names_an_open_case_of_the_same_person(office: Office) -> None:
    goes_on, twice = resign(office, employment_id="main"), resign(office, employment_id="side")
    others = (str(uuid4()), twice, resign(office, "e-2"))

    refused = [move(office, twice, "void", reason="DUPLICATE", duplicate_of=one).status_code for one in others]
    move(office, goes_on, "withdrawal")
    ended = move(office, twice, "void", reason="DUPLICATE", duplicate_of=goes_on)

    assert (refused, ended.status_code, status(office, twice)) == ([409] * 3, 409, "SUBMITTED")


@on_both("open_one")
def test_who_was_hired_again_resigns_and_leaves_anew(office: Office, clock: FakeClock) -> None:
    first = leaving(office, LAST)
    look_at(office, clock, datetime(2026, 4, 1, tzinfo=UTC))

    second = leaving(office, date(2026, 12, 31))

    office.look()
    assert (first != second, status(office, second), len(departed(office))) == (True, "CONFIRMED", 1)
    look_at(office, clock, datetime(2027, 1, 1, tzinfo=UTC))
    assert [str(fact.case_id) for fact in departed(office)] == [first, second]


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Kiritimati", 3), ("Europe/Berlin", 2), ("Pacific/Pago_Pago", 1)])
def test_today_is_the_day_where_the_person_is(office: Office, clock: FakeClock, zone: str, day: int) -> None:
    clock.advance(timedelta(hours=1, minutes=30))  # 10:30 UTC
    leaving_id = leaving(office, None, time_zone=zone)
    move(office, leaving_id, "withdrawal")

    resigned, confirmed, withdrawn = office.facts("e-1")
    assert isinstance(resigned, EmployeeResigned)
    assert isinstance(confirmed, ExitConfirmed)
    assert isinstance(withdrawn, ResignationWithdrawn)
    days = {resigned.submitted_on, confirmed.decided_on, withdrawn.withdrawn_on}
    assert days == {date(2026, 3, day)}


# ---- when the last working day is over


@pytest.mark.parametrize(
    ("zone", "day", "over"),
    [
        ("Pacific/Pago_Pago", LAST, datetime(2026, 4, 1, 11, tzinfo=UTC)),  # UTC-11
        ("America/New_York", LAST, datetime(2026, 4, 1, 4, tzinfo=UTC)),
        ("Asia/Kathmandu", LAST, datetime(2026, 3, 31, 18, 15, tzinfo=UTC)),  # UTC+5:45
        ("Pacific/Kiritimati", LAST, datetime(2026, 3, 31, 10, tzinfo=UTC)),  # UTC+14
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),  # of 23 hours
        ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # of 25 hours
        ("Africa/Cairo", date(2026, 4, 23), datetime(2026, 4, 23, 22, tzinfo=UTC)),  # 00:00 becomes 01:00
        ("America/Havana", date(2026, 10, 31), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 01:00 becomes 00:00
    ],
)
def test_the_departure_is_stated_when_the_day_is_over_where_the_person_is(
    office: Office, clock: FakeClock, zone: str, day: date, over: datetime
) -> None:
    case_id = leaving(office, day, time_zone=zone)

    look_at(office, clock, over - MOMENT)
    assert status(office, case_id) == "CONFIRMED"

    look_at(office, clock, over)
    (stated,) = departed(office)
    assert (status(office, case_id), stated.departed_on, stated.occurred_at) == ("DEPARTED", day, over)


@on_both("open_one")
def test_after_a_night_down_and_a_restart_the_departure_is_stated_once_as_of_its_moment(
    open_one: Callable[[Brake | None], Office], clock: FakeClock
) -> None:
    evening = open_one(None)
    case_id = leaving(evening, LAST)
    look_at(evening, clock, datetime(2026, 3, 31, 20, tzinfo=UTC))
    evening.stop()
    clock.advance(timedelta(hours=12))

    for _ in range(2):
        morning = open_one(None)
        morning.look()
        morning.look()
        assert status(morning, case_id) == "DEPARTED"
        (stated,) = departed(morning)
        morning.stop()
    assert stated.occurred_at == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_without_a_last_working_day_nobody_departs_until_it_is_known(office: Office, clock: FakeClock) -> None:
    case_id = leaving(office, None)
    look_at(office, clock, datetime(2027, 1, 1, tzinfo=UTC))
    assert status(office, case_id) == "CONFIRMED"

    move(office, case_id, "last-working-day", last_working_day=str(LAST))
    office.look()

    assert status(office, case_id) == "DEPARTED"


@pytest.mark.parametrize("route", ["decision", "withdrawal", "void"])
def test_whoever_does_not_leave_for_certain_does_not_depart(office: Office, clock: FakeClock, route: str) -> None:
    undecided = resign(office, "e-2", last_working_day=str(LAST))
    case_id = resign(office, last_working_day=str(LAST))
    move(office, case_id, route, **({"outcome": "RETAINED"} if route == "decision" else MOVES[route]))

    look_at(office, clock, datetime(2026, 5, 1, tzinfo=UTC))

    assert departed(office) == departed(office, "e-2") == []
    assert status(office, undecided) == "SUBMITTED"


def test_garden_leave_begins_when_the_last_working_day_is_over(office: Office, clock: FakeClock) -> None:
    case_id = leaving(office, LAST, employment_end_date="2026-09-30")

    look_at(office, clock, datetime(2026, 4, 1, tzinfo=UTC))

    assert (status(office, case_id), departed(office)[0].departed_on) == ("DEPARTED", LAST)


def test_a_webhook_that_comes_after_the_departure_that_it_speaks_of_opens_no_case(
    tmp_path: Path, clock: FakeClock
) -> None:
    with open_office(tmp_path, clock, vendors=KEYS) as office:
        leaving(office, LAST)
        look_at(office, clock, datetime(2026, 3, 31, 22, tzinfo=UTC))
        body = encoded(exit_of("hibob", "e-1", str(LAST)))

        answer = office.send("POST", "/v1/vendors/hibob", body, signature("hibob", body.encode())).json()

        assert (answer["taken"], len(answer["ignored"]), office.rows()["cases"]) == ([], 1, 1)


# ---- too many at once


def holds(office: Office) -> list[quarantine.Held]:
    return [*office.database.run_sync(lambda tx: quarantine.waiting(tx, State.HELD))]


def order(office: Office, what: State) -> None:
    office.database.run_sync(lambda tx: quarantine.order(tx, what, None))
    office.look()


def handed_in(office: Office, *employees: str) -> list[str]:
    """Hand in resignations; return what each is said to be."""
    answers = [ask(office, "/v1/resignations", employee_id=one) for one in employees]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["status"] for answer in answers]


@pytest.mark.parametrize(
    "brake",
    [brake_of(2, 3_600, 0, None), brake_of(0, 3_600, 50, 4), brake_of(9, 3_600, 50, 4)],
    ids=["N", "x%", "both"],
)
def test_one_too_many_is_held_stated_and_done_once_a_person_releases_it(
    open_one: Callable[[Brake | None], Office], brake: Brake
) -> None:
    office = open_one(brake)

    assert handed_in(office, "e-1", "e-2", "e-3") == ["SUBMITTED", "SUBMITTED", "HELD"]

    assert [type(fact) for fact in office.facts("e-3")] == [IntakeHeld]
    order(office, State.TO_RELEASE)
    assert [type(fact) for fact in office.facts("e-3")] == [IntakeHeld, EmployeeResigned, IntakeReleased]
    assert holds(office) == []


@on_both("open_one")
def test_what_a_person_refuses_is_never_done(open_one: Callable[[Brake | None], Office]) -> None:
    office = open_one(Brake(1, HOUR))
    handed_in(office, "e-1", "e-2")

    order(office, State.TO_REFUSE)

    assert [type(fact) for fact in office.facts("e-2")] == [IntakeHeld, IntakeRefused]


def test_the_brake_goes_off_with_its_window_and_what_is_held_stays_held(
    open_one: Callable[[Brake | None], Office], clock: FakeClock
) -> None:
    office = open_one(Brake(1, HOUR))
    handed_in(office, "e-1", "e-2")

    clock.advance(HOUR + timedelta(seconds=1))

    assert handed_in(office, "e-3") == ["SUBMITTED"]
    office.look()
    assert len(holds(office)) == 1


def test_what_ends_a_case_is_never_braked(open_one: Callable[[Brake | None], Office]) -> None:
    office = open_one(Brake(1, HOUR))
    case_id = resign(office)

    assert move(office, case_id, "withdrawal").json()["status"] == "WITHDRAWN"
