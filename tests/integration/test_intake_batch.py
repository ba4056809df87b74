"""Several requests in one: each is taken or refused for itself."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.intake.office import Office, database_url_of, open_office, signed

BATCH = "/v1/batch"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with database_url_of(request) as url, open_office(tmp_path_factory.mktemp("office"), database_url=url) as one:
        yield one


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


def request(body: object, **more: object) -> dict[str, object]:
    return {"id": str(uuid4()), "body": body, **more}


def send(office: Office, *requests: object) -> list[dict[str, Any]]:
    answer = office.post(BATCH, json.dumps({"requests": requests}))
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["answers"]
    assert len(answers) == len(requests)
    return answers


def test_one_that_is_refused_refuses_no_other(office: Office, employee: str) -> None:
    answers = send(office, request({"employee_id": employee}), request({}), request({"employee_id": f"{employee}-2"}))

    assert [answer["code"] for answer in answers] == [202, 422, 202]
    assert answers[0]["body"]["status"] == "SUBMITTED"
    assert answers[1]["body"]["errors"] == [{"pointer": "#/employee_id", "detail": "Field required"}]
    assert len(office.facts(employee)) == len(office.facts(f"{employee}-2")) == 1


def test_requests_of_every_kind_are_taken_in_their_order(office: Office, employee: str) -> None:
    (opened,) = send(office, request({"employee_id": employee}))
    about = {"case_id": opened["body"]["case_id"]}

    answers = send(
        office,
        request({"last_working_day": "2027-01-31"}, type="last-working-day", **about),
        request({"outcome": "CONFIRMED"}, type="decision", **about),
        request({}, type="withdrawal", **about),
        request({"reason": "ENTERED_IN_ERROR"}, type="void", **about),
    )

    assert [answer["code"] for answer in answers] == [202, 202, 202, 409]
    assert [answer["body"]["status"] for answer in answers[:3]] == ["SUBMITTED", "CONFIRMED", "WITHDRAWN"]
    assert [fact.case_version for fact in office.facts(employee)] == [1, 2, 3, 4]  # type: ignore[attr-defined]


def test_a_request_counts_once_in_whichever_batch_and_by_whichever_route(office: Office, employee: str) -> None:
    body = {"employee_id": employee, "country": "DE", "risk": None}
    one = request(body)

    answers = send(office, one, one)
    (again,) = send(office, one)
    written_otherwise = json.dumps({"country": "DE", "employee_id": employee}, indent=2)
    alone = office.post("/v1/resignations", written_otherwise, webhook_id=str(one["id"]))

    assert [answer["repeated"] for answer in (*answers, again)] == [False, True, True]
    assert alone.json() == answers[0]["body"] == answers[1]["body"] == again["body"]
    assert len(office.facts(employee)) == 1


def test_a_request_about_a_case_counts_once_however_its_route_is_written(office: Office, employee: str) -> None:
    (opened,) = send(office, request({"employee_id": employee}))
    case_id = opened["body"]["case_id"]
    one = request({"outcome": "CONFIRMED"}, type="decision", case_id=case_id)
    path = f"/v1/cases/{case_id.upper()}/decision"

    (first,) = send(office, one)
    alone = office.post(path, '{ "outcome": "CONFIRMED" }', webhook_id=str(one["id"]))

    assert (alone.status_code, alone.json()) == (202, first["body"])
    assert len(office.facts(employee)) == 2


def test_an_id_of_a_batch_cannot_be_used_for_something_else(office: Office, employee: str) -> None:
    one = request({"employee_id": employee})

    answers = send(office, one, {**one, "body": {"employee_id": employee, "country": "DE"}})

    assert [answer["code"] for answer in answers] == [202, 422]
    assert "id of its own" in answers[1]["body"]["detail"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"body": {"employee_id": "e"}}, "#/id"),
        ({"id": "", "body": {"employee_id": "e"}}, "#/id"),
        ({"id": "1"}, "#/body"),
        ({"id": "1", "body": []}, "#/body"),
        ({"id": "1", "body": {}, "type": "promotion"}, "#/type"),
        ({"id": "1", "body": {}, "type": "withdrawal"}, "#/case_id"),
        ({"id": "1", "body": {"employee_id": "e"}, "case_id": str(uuid4())}, "#/case_id"),
        ({"id": "1", "body": {}, "type": "withdrawal", "case_id": "that one"}, "#/case_id"),
        ({"id": "1", "body": {"employee_id": "e", "notice_period_days": float("nan")}}, "#/notice_period_days"),
        ({"id": "1", "body": {"employee_id": "e"}, "more": 1}, "#"),
    ],
)
def test_what_is_no_request_is_refused_by_field(office: Office, wrong: object, pointer: str) -> None:
    before = office.rows()

    (answer,) = send(office, wrong)

    assert (answer["code"], [one["pointer"] for one in answer["body"]["errors"]]) == (422, [pointer])
    assert office.rows() == before


@pytest.mark.parametrize("wrong", [7, None, "text", []])
def test_what_is_no_object_is_refused(office: Office, wrong: object) -> None:
    assert [answer["code"] for answer in send(office, wrong)] == [422]


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"requests": []}', '{"requests": {}}', '{"requests": [1], "more": 1}', ""]
)
def test_what_is_no_batch_is_refused_whole(office: Office, body: str) -> None:
    assert office.post(BATCH, body).status_code == 422


def test_a_batch_is_as_small_as_any_body_and_as_well_signed(office: Office, employee: str) -> None:
    body = json.dumps({"requests": [request({"employee_id": employee})]})

    assert office.send("POST", BATCH, body, {}).status_code == 401
    assert office.send("POST", BATCH, body, signed("another body")).status_code == 401
    assert office.post(BATCH, json.dumps({"requests": ["x" * 20_000]})).status_code == 413
    assert office.post(BATCH, json.dumps({"requests": [1] * 201})).status_code == 422
    assert office.facts(employee) == []
