"""The intake over HTTP, on real sockets with a real database: taken, or refused for a reason that is said."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from schemas.exits import (
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    RequestedBy,
    ResignationWithdrawn,
    Risk,
    VoidReason,
)
from tests.integration.intake.office import NEXT_SECRET, ZONE, Office, database_url_of, open_office, signed

RESIGN = "/v1/resignations"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with database_url_of(request) as url, open_office(tmp_path_factory.mktemp("office"), database_url=url) as one:
        yield one


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


def resign(office: Office, employee: str, **fields: object) -> str:
    answer = office.post(RESIGN, json.dumps({"employee_id": employee, **fields}))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_id"])


def problem(office: Office, path: str, body: str) -> dict[str, Any]:
    before = office.rows()
    answer = office.post(path, body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert office.rows() == before, "a refused request leaves nothing behind"
    return {"status": answer.status_code, **answer.json()}


def test_an_employee_id_is_enough_to_resign(office: Office, employee: str) -> None:
    answer = office.post(RESIGN, json.dumps({"employee_id": employee}))

    assert answer.status_code == 202
    assert answer.json() == {"case_id": answer.json()["case_id"], "case_version": 1, "status": "SUBMITTED"}
    (fact,) = office.facts(employee)
    assert isinstance(fact, EmployeeResigned)
    assert fact.case_id == UUID(answer.json()["case_id"])
    assert fact.event_id.version == 7
    assert (fact.submitted_on, fact.time_zone) == (datetime.now(ZoneInfo(ZONE)).date(), ZONE)


def test_everything_an_hr_system_knows_is_stated_as_it_said_it(office: Office, employee: str) -> None:
    said = {
        "submitted_on": "2026-03-01",
        "employee_number": "4711",
        "employment_id": "main",
        "worker_type": "EMPLOYEE",
        "manager_id": "m-1",
        "hr_partner_id": "hr-1",
        "department": "Größe & Maß 🏗",
        "cost_center": "CC 12",
        "organization": "Example",
        "division": "North",
        "notice_period_days": 90,
        "last_working_day": "2026-05-29",
        "employment_end_date": "2026-05-31",
        "time_zone": "Asia/Kolkata",
        "country": "IN",
        "subdivision": "KA",
        "reason_category": "VOLUNTARY",
        "risk": "HIGH",
        "confidentiality": "RESTRICTED",
        "preferred_language": "en-IN",
    }

    case_id = resign(office, employee, **said)

    (fact,) = office.facts(employee)
    assert isinstance(fact, EmployeeResigned)
    assert json.loads(fact.model_dump_json(include=set(said))) == said
    shown = office.get(f"/v1/cases/{case_id}").json()
    assert shown["last_working_day"] == "2026-05-29"


def test_null_means_not_given(office: Office, employee: str) -> None:
    resign(office, employee, risk=None, submitted_on=None, time_zone=None, manager_id=None)

    (fact,) = office.facts(employee)
    assert isinstance(fact, EmployeeResigned)
    assert (fact.risk, fact.time_zone, fact.manager_id) == (Risk.NORMAL, ZONE, None)


@pytest.mark.parametrize(("outcome", "kind"), [("CONFIRMED", ExitConfirmed), ("RETAINED", EmployeeRetained)])
def test_a_decision_is_stated_with_who_made_it(office: Office, employee: str, outcome: str, kind: type) -> None:
    case_id = resign(office, employee)

    answer = office.post(f"/v1/cases/{case_id}/decision", json.dumps({"outcome": outcome, "decided_by_id": "hr-1"}))

    assert (answer.status_code, answer.json()) == (202, {"case_id": case_id, "case_version": 2, "status": outcome})
    fact = office.facts(employee)[-1]
    assert isinstance(fact, ExitConfirmed | EmployeeRetained)
    assert (type(fact), fact.decided_by_id, fact.case_version) == (kind, "hr-1", 2)
    assert office.get(f"/v1/cases/{case_id}").json()["status"] == outcome


def test_a_withdrawal_is_possible_also_after_the_decision(office: Office, employee: str) -> None:
    case_id = resign(office, employee)
    office.post(f"/v1/cases/{case_id}/decision", '{"outcome": "CONFIRMED"}')

    answer = office.post(f"/v1/cases/{case_id}/withdrawal", '{"requested_by": "BOTH", "withdrawn_on": "2026-03-09"}')

    assert answer.json() == {"case_id": case_id, "case_version": 3, "status": "WITHDRAWN"}
    fact = office.facts(employee)[-1]
    assert isinstance(fact, ResignationWithdrawn)
    assert (fact.requested_by, fact.withdrawn_on) == (RequestedBy.BOTH, date(2026, 3, 9))


def test_the_last_working_day_moves_before_and_after_the_decision(office: Office, employee: str) -> None:
    case_id = resign(office, employee)
    path = f"/v1/cases/{case_id}/last-working-day"

    known = office.post(path, '{"last_working_day": "2026-05-29"}')
    office.post(f"/v1/cases/{case_id}/decision", '{"outcome": "CONFIRMED"}')
    office.post(path, '{"last_working_day": "2999-12-31"}')
    open_again = office.post(path, '{"last_working_day": null}')

    assert known.json() == {"case_id": case_id, "case_version": 2, "status": "SUBMITTED"}
    assert open_again.json() == {"case_id": case_id, "case_version": 5, "status": "CONFIRMED"}
    moved = [fact for fact in office.facts(employee) if isinstance(fact, LastWorkingDayChanged)]
    days = [None, date(2026, 5, 29), date(2999, 12, 31), None]
    assert [(fact.previous, fact.current) for fact in moved] == list(pairwise(days))
    assert office.get(f"/v1/cases/{case_id}").json()["last_working_day"] is None


def test_a_last_working_day_that_is_not_said_or_is_the_same_is_refused(office: Office, employee: str) -> None:
    path = f"/v1/cases/{resign(office, employee, last_working_day='2026-05-29')}/last-working-day"

    assert problem(office, path, "{}")["errors"][0]["pointer"] == "#/last_working_day"
    assert problem(office, path, '{"last_working_day": "9999-12-31"}')["errors"][0]["pointer"] == "#/last_working_day"
    same = problem(office, path, '{"last_working_day": "2026-05-29"}')
    assert (same["status"], same["detail"].partition(".")[0]) == (409, "The last working day is that day already")


def test_an_error_and_a_duplicate_are_voided(office: Office, employee: str) -> None:
    goes_on, twice = resign(office, employee, employment_id="main"), resign(office, employee, employment_id="side")

    voided = office.post(f"/v1/cases/{twice}/void", json.dumps({"reason": "DUPLICATE", "duplicate_of": goes_on}))
    office.post(f"/v1/cases/{goes_on}/void", '{"reason": "ENTERED_IN_ERROR"}')

    assert voided.json() == {"case_id": twice, "case_version": 2, "status": "VOIDED"}
    stated = [fact for fact in office.facts(employee) if isinstance(fact, ExitCaseVoided)]
    expected = [(VoidReason.DUPLICATE, UUID(goes_on)), (VoidReason.ENTERED_IN_ERROR, None)]
    assert [(fact.reason, fact.duplicate_of) for fact in stated] == expected


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("{}", "#/reason"),
        ('{"reason": "UNKNOWN"}', "#/reason"),
        ('{"reason": "DUPLICATE"}', "#/duplicate_of"),
        ('{"reason": "DUPLICATE", "duplicate_of": "that one"}', "#/duplicate_of"),
        ('{"reason": "ENTERED_IN_ERROR", "duplicate_of": "0195567a-0000-7000-8000-000000000001"}', "#/duplicate_of"),
    ],
)
def test_a_voiding_has_a_reason_and_a_duplicate_its_twin(
    office: Office, employee: str, body: str, pointer: str
) -> None:
    refused = problem(office, f"/v1/cases/{resign(office, employee)}/void", body)

    assert (refused["status"], [error["pointer"] for error in refused["errors"]]) == (422, [pointer])


def test_what_was_decided_cannot_be_voided(office: Office, employee: str) -> None:
    case_id = resign(office, employee)
    office.post(f"/v1/cases/{case_id}/decision", '{"outcome": "CONFIRMED"}')

    refused = problem(office, f"/v1/cases/{case_id}/void", '{"reason": "ENTERED_IN_ERROR"}')

    assert (refused["status"], "withdraw the resignation" in refused["detail"]) == (409, True)


def test_two_cases_cannot_give_way_to_each_other(office: Office, employee: str) -> None:
    twins = [resign(office, employee, employment_id=name) for name in ("main", "side")]
    together = threading.Barrier(2)

    def give_way(pair: tuple[str, str]) -> int:
        case_id, twin = pair
        together.wait(10)
        body = json.dumps({"reason": "DUPLICATE", "duplicate_of": twin})
        return office.post(f"/v1/cases/{case_id}/void", body).status_code

    with ThreadPoolExecutor(2) as senders:
        answers = sorted(senders.map(give_way, [(twins[0], twins[1]), (twins[1], twins[0])]))

    assert answers == [202, 409]


def test_a_case_is_shown_to_whoever_can_sign(office: Office, employee: str) -> None:
    case_id = resign(office, employee)

    shown = office.get(f"/v1/cases/{case_id}")

    assert (shown.status_code, shown.json()["case_version"], shown.json()["status"]) == (200, 1, "SUBMITTED")
    assert shown.json()["employee_id"] == employee
    assert office.send("HEAD", f"/v1/cases/{case_id}", "", signed("")).status_code == 200
    assert office.send("GET", f"/v1/cases/{case_id}", "", {}).status_code == 401


def test_the_same_request_again_gets_the_same_answer(office: Office, employee: str) -> None:
    body, webhook_id = json.dumps({"employee_id": employee}), str(uuid4())

    first = office.post(RESIGN, body, webhook_id=webhook_id)
    decided = office.post(f"/v1/cases/{first.json()['case_id']}/decision", '{"outcome": "RETAINED"}')
    again = office.post(RESIGN, body, webhook_id=webhook_id)

    assert decided.status_code == 202
    assert (again.status_code, again.content) == (202, first.content)
    assert len(office.facts(employee)) == 2


def test_the_same_request_twenty_times_at_once_opens_one_case(office: Office, employee: str) -> None:
    body, webhook_id = json.dumps({"employee_id": employee}), str(uuid4())
    together = threading.Barrier(20)

    def send(_: int) -> tuple[int, bytes]:
        together.wait(10)
        answer = office.post(RESIGN, body, webhook_id=webhook_id)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(20) as senders:
        answers = set(senders.map(send, range(20)))

    assert [status for status, _ in answers] == [202]
    assert len(office.facts(employee)) == 1


def test_an_id_cannot_be_used_for_something_else(office: Office, employee: str) -> None:
    webhook_id, case_id, other = str(uuid4()), resign(office, employee), resign(office, f"{employee}-other")
    assert office.post(f"/v1/cases/{case_id}/withdrawal", "{}", webhook_id=webhook_id).status_code == 202

    changed = json.dumps({"requested_by": "EMPLOYEE"})
    other_body = office.post(f"/v1/cases/{case_id}/withdrawal", changed, webhook_id=webhook_id)
    other_route = office.post(f"/v1/cases/{other}/withdrawal", "{}", webhook_id=webhook_id)

    assert (other_body.status_code, other_route.status_code) == (422, 422)
    assert "id of its own" in other_route.json()["detail"]
    assert office.get(f"/v1/cases/{other}").json()["status"] == "SUBMITTED"


def test_secrets_can_be_exchanged_while_both_are_in_use(office: Office, employee: str) -> None:
    assert office.post(RESIGN, json.dumps({"employee_id": employee}), secret=NEXT_SECRET).status_code == 202


def test_a_decision_on_a_withdrawn_case_is_refused(office: Office, employee: str) -> None:
    case_id = resign(office, employee)
    office.post(f"/v1/cases/{case_id}/withdrawal", "{}")

    refused = problem(office, f"/v1/cases/{case_id}/decision", '{"outcome": "CONFIRMED"}')

    assert refused["status"] == 409
    assert refused["detail"].startswith("The resignation was withdrawn, so there is nothing left to decide.")


def test_a_second_resignation_is_refused_and_names_the_open_case(office: Office, employee: str) -> None:
    case_id = resign(office, employee)

    refused = problem(office, RESIGN, json.dumps({"employee_id": employee}))

    assert (refused["status"], refused["case_id"]) == (409, case_id)
    assert resign(office, employee, employment_id="side") != case_id


@pytest.mark.parametrize("case_id", ["3f8d1a52-6c1e-4f0b-9a77-5b0e6c2d9d41", "no-uuid", "%00", "é"])
def test_an_unknown_case_is_not_found(office: Office, case_id: str) -> None:
    assert problem(office, f"/v1/cases/{case_id}/decision", '{"outcome": "CONFIRMED"}')["status"] == 404
    assert problem(office, f"/v1/cases/{case_id}/withdrawal", "{}")["status"] == 404
    assert problem(office, f"/v1/cases/{case_id}/void", '{"reason": "ENTERED_IN_ERROR"}')["status"] == 404
    assert problem(office, f"/v1/cases/{case_id}/last-working-day", '{"last_working_day": null}')["status"] == 404
    assert office.get(f"/v1/cases/{case_id}").status_code == 404


def test_what_is_not_there_is_said_as_a_problem(office: Office) -> None:
    nowhere, wrong_method = office.get("/v2/nothing"), office.get(RESIGN)

    assert (nowhere.status_code, wrong_method.status_code) == (404, 405)
    assert {answer.headers["content-type"] for answer in (nowhere, wrong_method)} == {"application/problem+json"}
    assert wrong_method.headers["allow"] == "POST"


def test_an_old_signature_is_worth_nothing(office: Office, employee: str) -> None:
    body = json.dumps({"employee_id": employee})

    too_old = office.send("POST", RESIGN, body, signed(body, age=timedelta(minutes=6)))
    too_new = office.send("POST", RESIGN, body, signed(body, age=timedelta(minutes=-6)))

    assert (too_old.status_code, too_new.status_code, office.facts(employee)) == (401, 401, [])
    assert too_old.headers["www-authenticate"]


def test_the_time_of_the_request_is_kept_in_utc(office: Office, employee: str) -> None:
    resign(office, employee)

    (fact,) = office.facts(employee)
    assert abs(datetime.now(UTC) - fact.occurred_at) < timedelta(minutes=1)
    assert fact.recorded_at == fact.occurred_at


def test_the_database_outlives_the_process(tmp_path: Path, employee: str) -> None:
    with open_office(tmp_path) as before:
        case_id = resign(before, employee)

    with open_office(tmp_path) as after:
        assert after.get(f"/v1/cases/{case_id}").json()["status"] == "SUBMITTED"
        assert len(after.facts(employee)) == 1
