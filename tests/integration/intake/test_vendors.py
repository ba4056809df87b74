"""Webhooks of HR vendors, on real sockets with a real database: taken once, or ignored with a reason."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from producers.ems.brake import brake_of
from schemas.exits import EmployeeResigned
from tests.integration.intake.office import ZONE, Office, database_url_of, open_office, signed
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature, signed_before

VENDORS = sorted(KEYS)
TODAY = datetime.now(UTC).date()
NEXT_MONTH = str(TODAY + timedelta(days=30))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with database_url_of(request) as url, open_office(folder, database_url=url, vendors=KEYS) as one:
        yield one


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


def send(office: Office, vendor: str, payload: Any, *, key: str | None = None) -> httpx2.Response:
    body = encoded(payload)
    return office.send("POST", f"/v1/vendors/{vendor}", body, signature(vendor, body.encode(), key))


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_exit_becomes_a_resignation(office: Office, vendor: str, employee: str) -> None:
    answer = send(office, vendor, exit_of(vendor, employee, NEXT_MONTH))

    assert (answer.status_code, answer.json()["ignored"]) == (202, [])
    (taken,) = answer.json()["taken"]
    (fact,) = office.facts(employee)
    assert isinstance(fact, EmployeeResigned)
    assert (str(fact.case_id), taken["status"], fact.time_zone) == (taken["case_id"], "SUBMITTED", ZONE)
    assert fact.last_working_day == (None if vendor == "hibob" else date.fromisoformat(NEXT_MONTH))
    assert "Jane" not in fact.model_dump_json()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_webhook_sent_again_gets_the_same_answer_and_opens_no_second_case(
    office: Office, vendor: str, employee: str
) -> None:
    payload = exit_of(vendor, employee, NEXT_MONTH)
    first = send(office, vendor, payload)
    case_id = first.json()["taken"][0]["case_id"]
    office.post(f"/v1/cases/{case_id}/withdrawal", "{}")

    again = send(office, vendor, payload)

    assert (again.status_code, again.content) == (202, first.content)
    assert office.get(f"/v1/cases/{case_id}").json()["status"] == "WITHDRAWN"
    assert len(office.facts(employee)) == 2


@pytest.mark.parametrize("vendor", ["bamboohr", "merge"])
def test_whose_date_is_sent_with_every_change_does_not_resign_anew(office: Office, vendor: str, employee: str) -> None:
    payload = exit_of(vendor, employee, NEXT_MONTH)
    first = send(office, vendor, payload)
    office.post(f"/v1/cases/{first.json()['taken'][0]['case_id']}/withdrawal", "{}")

    changed = send(office, vendor, json.loads(encoded(payload).replace("Jane", "Janet")))

    assert (changed.status_code, changed.content) == (202, first.content)
    assert len(office.facts(employee)) == 2


def test_an_event_of_deel_that_says_something_else_now_is_ignored(office: Office, employee: str) -> None:
    send(office, "deel", exit_of("deel", employee, NEXT_MONTH))

    answer = send(office, "deel", exit_of("deel", employee, str(TODAY)))

    assert (answer.status_code, answer.json()["taken"]) == (202, [])
    assert "said something else" in answer.json()["ignored"][0]


@pytest.mark.parametrize(("one", "other"), [("a b", "a"), ("a%20b", "a"), ("a", "a%20b")])
def test_no_exit_of_deel_is_hidden_by_how_ids_are_joined(office: Office, employee: str, one: str, other: str) -> None:
    exits = [exit_of("deel", id_, NEXT_MONTH) for id_ in (f"{employee} c", f"b {employee} c")]
    for exit_, tracking_id in zip(exits, (f"{employee} {one}", f"{employee} {other}"), strict=True):
        exit_["data"]["meta"]["tracking_id"] = tracking_id

    taken = [send(office, "deel", exit_).json()["taken"] for exit_ in exits]

    assert [len(cases) for cases in taken] == [1, 1]
    assert taken[0] != taken[1]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_webhook_about_somebody_erased_opens_nothing_and_is_not_sent_for_ever(tmp_path: Path, vendor: str) -> None:
    with open_office(tmp_path, vendors=KEYS) as office:
        send(office, vendor, exit_of(vendor, "e-1", NEXT_MONTH))
        office.sql("UPDATE cases SET status = 'WITHDRAWN', employee_id = 'erased'")
        office.sql("UPDATE requests SET digest = '', answer = ''")

        answer = send(office, vendor, exit_of(vendor, "e-1", NEXT_MONTH))

        assert (answer.status_code, answer.json()["taken"], len(answer.json()["ignored"])) == (202, [], 1)
        assert office.rows()["cases"] == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_second_exit_while_a_case_is_open_is_ignored_and_names_the_case(
    office: Office, vendor: str, employee: str
) -> None:
    case_id = office.post("/v1/resignations", json.dumps({"employee_id": employee})).json()["case_id"]

    answer = send(office, vendor, exit_of(vendor, employee, NEXT_MONTH))

    assert (answer.status_code, answer.json()["taken"]) == (202, [])
    assert case_id in answer.json()["ignored"][0]
    assert len(office.facts(employee)) == 1


@pytest.mark.parametrize("vendor", ["bamboohr", "deel", "merge"])
def test_whoever_has_left_already_cannot_resign(office: Office, vendor: str, employee: str) -> None:
    answer = send(office, vendor, exit_of(vendor, employee, str(TODAY - timedelta(days=2))))

    assert (answer.status_code, answer.json()["taken"]) == (202, [])
    assert "is over" in answer.json()["ignored"][0]
    assert office.facts(employee) == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"type": "employee.updated"}', "[" * 5_000])
def test_what_is_no_exit_is_ignored_so_that_it_is_not_sent_for_ever(office: Office, vendor: str, body: str) -> None:
    before = office.rows()

    answer = office.send("POST", f"/v1/vendors/{vendor}", body, signature(vendor, body.encode()))

    assert (answer.status_code, answer.json()["taken"]) == (202, [])
    assert len(answer.json()["ignored"]) == 1
    assert office.rows() == before


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_webhook_that_names_a_member_twice_opens_nothing(office: Office, vendor: str, employee: str) -> None:
    said = encoded(exit_of(vendor, employee, NEXT_MONTH))
    body = f"{said[:-1]}, {said[1:]}"

    answer = office.send("POST", f"/v1/vendors/{vendor}", body, signature(vendor, body.encode()))

    assert (answer.status_code, answer.json()["taken"]) == (202, [])
    assert "named twice" in answer.json()["ignored"][0]
    assert office.facts(employee) == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("employee_id", [" e-1", "e\u202e1", "e\r\nBcc: x", "e" * 201, "\ud800"])
def test_an_id_that_ems_does_not_take_is_ignored_without_repeating_it(
    office: Office, vendor: str, employee_id: str
) -> None:
    before = office.rows()

    answer = send(office, vendor, exit_of(vendor, employee_id, NEXT_MONTH))

    assert answer.status_code == 202
    assert answer.json() == {"taken": [], "ignored": ["EMS does not take what the webhook says in #/employee_id."]}
    assert office.rows() == before


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_the_vendor_itself_is_believed(office: Office, vendor: str, employee: str) -> None:
    payload = exit_of(vendor, employee, NEXT_MONTH)
    body = encoded(payload)
    others = [signature(other, body.encode()) for other in VENDORS if other != vendor]

    answers = [send(office, vendor, payload, key="key-of-somebody-else")]
    answers += [office.send("POST", f"/v1/vendors/{vendor}", body, headers) for headers in [{}, signed(body), *others]]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert office.facts(employee) == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_webhook_that_was_changed_on_the_way_is_refused(office: Office, vendor: str, employee: str) -> None:
    body = encoded(exit_of(vendor, employee, NEXT_MONTH))
    headers = signature(vendor, body.encode())

    changed = office.send("POST", f"/v1/vendors/{vendor}", f"{body} ", headers)

    assert (changed.status_code, office.facts(employee)) == (401, [])
    assert office.send("POST", f"/v1/vendors/{vendor}", body, headers).status_code == 202


def test_a_webhook_of_bamboohr_is_good_for_five_minutes(office: Office, employee: str) -> None:
    body = encoded(exit_of("bamboohr", employee, NEXT_MONTH))
    signed_at = [signed_before(body.encode(), timedelta(minutes=minutes)) for minutes in (6, -6, 4)]

    answers = [office.send("POST", "/v1/vendors/bamboohr", body, headers) for headers in signed_at]

    assert [answer.status_code for answer in answers] == [401, 401, 202]


def test_the_padding_of_a_signature_of_merge_does_not_count(office: Office, employee: str) -> None:
    body = encoded(exit_of("merge", employee, NEXT_MONTH))
    headers = {name: value.rstrip("=") for name, value in signature("merge", body.encode()).items()}

    assert headers != signature("merge", body.encode())
    assert office.send("POST", "/v1/vendors/merge", body, headers).status_code == 202


def test_several_people_are_taken_each_on_their_own(office: Office, employee: str) -> None:
    people = [f"{employee}-{number}" for number in range(3)]
    office.post("/v1/resignations", json.dumps({"employee_id": people[1]}))
    said = [exit_of("bamboohr", name, NEXT_MONTH)["employees"][0] for name in people]

    answer = send(office, "bamboohr", {"employees": said})

    assert (len(answer.json()["taken"]), len(answer.json()["ignored"])) == (2, 1)
    assert [len(office.facts(name)) for name in people] == [1, 1, 1]


@pytest.mark.parametrize("vendor", VENDORS)
def test_keys_are_exchanged_without_losing_a_webhook(tmp_path: Path, vendor: str, employee: str) -> None:
    old, new = KEYS[vendor]
    payload = exit_of(vendor, employee, NEXT_MONTH)

    with open_office(tmp_path, vendors={vendor: [old, new]}) as both:
        first = send(both, vendor, payload, key=old)
        by_either = send(both, vendor, payload, key=new)
    with open_office(tmp_path, vendors={vendor: [new]}) as after:
        by_old = send(after, vendor, payload, key=old)
        by_new = send(after, vendor, payload, key=new)

    assert (first.status_code, by_either.content) == (202, first.content)
    assert (by_old.status_code, by_new.content) == (401, first.content)


def test_a_webhook_that_failed_half_way_is_taken_when_it_is_sent_again(tmp_path: Path, employee: str) -> None:
    with open_office(tmp_path, vendors=KEYS) as office:
        office.sql("ALTER TABLE cases RENAME TO gone")
        failed = send(office, "merge", exit_of("merge", employee, NEXT_MONTH))
        office.sql("ALTER TABLE gone RENAME TO cases")

        again = send(office, "merge", exit_of("merge", employee, NEXT_MONTH))

        assert (failed.status_code, again.status_code, len(again.json()["taken"])) == (503, 202, 1)
        assert office.rows() == {"cases": 1, "requests": 1, "outbox": 1}


def test_an_exit_that_the_mass_brake_holds_is_taken_and_waits(tmp_path: Path, employee: str) -> None:
    with open_office(tmp_path, brake=brake_of(1, 3_600, 0, None), vendors=KEYS) as office:
        send(office, "deel", exit_of("deel", f"{employee}-1", NEXT_MONTH))

        held = send(office, "deel", exit_of("deel", employee, NEXT_MONTH))

        assert (held.status_code, held.json()["ignored"]) == (202, [])
        assert [one["status"] for one in held.json()["taken"]] == ["HELD"]
        assert held.content == send(office, "deel", exit_of("deel", employee, NEXT_MONTH)).content
        assert not any(isinstance(fact, EmployeeResigned) for fact in office.facts(employee))
