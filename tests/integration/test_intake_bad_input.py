"""What an intake that anybody can reach must endure: it refuses by field, repeats no value, and changes nothing."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.intake.office import Office, open_office, signed

RESIGN = "/v1/resignations"
BODY = json.dumps({"employee_id": "e-1"})
CANARY = "Jane.Canary@example.com"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_written(office: Office) -> Iterator[None]:
    yield
    assert office.rows() == {"cases": 0, "requests": 0, "outbox": 0}


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": None},
        {"webhook-id": None},
        {"webhook-timestamp": None},
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e999"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,not base64"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v1a,AAAA v2,BBBB"},
    ],
)
def test_a_missing_or_wrong_signature_is_refused(office: Office, changed: dict[str, str | None]) -> None:
    headers = {name: value for name, value in (signed(BODY) | changed).items() if value is not None}

    answer = office.send("POST", RESIGN, BODY, headers)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert "standardwebhooks.com" in answer.json()["detail"]


def test_a_body_that_was_changed_on_the_way_is_refused(office: Office) -> None:
    for body in (BODY + " ", BODY.replace("e-1", "e-2"), "", "\xff"):
        assert office.send("POST", RESIGN, body.encode("latin-1"), signed(BODY)).status_code == 401


def test_a_secret_that_is_not_ours_is_worth_nothing(office: Office) -> None:
    assert office.post(RESIGN, BODY, secret="whsec_" + "QUJD" * 8).status_code == 401


@pytest.mark.parametrize(
    "body", ["", "{", "no json", "[]", "null", '"text"', "[" * 5_000, '{"employee_id": "e-1"', "{'employee_id': 1}"]
)
def test_what_is_not_a_json_object_is_refused(office: Office, body: str) -> None:
    answer = office.post(RESIGN, body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"] == "#"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"employee_id": ""}, "#/employee_id"),
        ({"employee_id": 7}, "#/employee_id"),
        ({"employee_id": None}, "#/employee_id"),
        ({"employee_id": ["e-1"]}, "#/employee_id"),
        ({"employee_id": " e-1"}, "#/employee_id"),
        ({"employee_id": "e-1\r\nBcc: x"}, "#/employee_id"),
        ({"employee_id": "e\u202e1"}, "#/employee_id"),
        ({"employee_id": "e\x001"}, "#/employee_id"),
        ({"employee_id": "e" * 201}, "#/employee_id"),
        ({"last_working_day": "31.05.2026"}, "#/last_working_day"),
        ({"last_working_day": "2026-02-30"}, "#/last_working_day"),
        ({"last_working_day": 20260531}, "#/last_working_day"),
        ({"last_working_day": "9999-12-31"}, "#/last_working_day"),
        ({"submitted_on": "0001-01-01"}, "#/submitted_on"),
        ({"last_working_day": "2026-05-31", "employment_end_date": "2026-05-30"}, "#/employment_end_date"),
        ({"last_working_day": "2026-05-31T10:00:00"}, "#/last_working_day"),
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "#/time_zone"),
        ({"time_zone": "localtime"}, "#/time_zone"),
        ({"risk": "high"}, "#/risk"),
        ({"worker_type": "ROBOT"}, "#/worker_type"),
        ({"notice_period_days": -1}, "#/notice_period_days"),
        ({"notice_period_days": 2**31}, "#/notice_period_days"),
        ({"notice_period_days": "30"}, "#/notice_period_days"),
        ({"notice_period_days": 1.5}, "#/notice_period_days"),
        ({"country": "Germany"}, "#/country"),
        ({"case_id": "0195567a-0000-7000-8000-000000000001"}, "#"),
        ({"event_id": "0195567a-0000-7000-8000-000000000001"}, "#"),
        ({"full/name~": "x", "Jonas Brandt": "y"}, "#"),
    ],
)
def test_a_field_that_does_not_fit_is_named(office: Office, fields: dict[str, Any], pointer: str) -> None:
    answer = office.post(RESIGN, json.dumps({"employee_id": "e-1"} | fields))

    assert answer.status_code == 422
    assert answer.json()["title"]
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


CASE = "/v1/cases/0195567a-0000-7000-8000-000000000001"
NO_DAYS: tuple[object, ...] = (
    *("0", "86400", "1811721600", "1811721600000", "-1", "20260531", "2026-5-31", "2026-W22-7", "2026-151"),
    *("2026-05-31T00:00:00Z", "2026-05-31 ", "31.05.2026", "05/31/2026", "2026-02-30", "٢٠٢٦-٠٥-٣١", "", "today"),
    *(0, 86400, 1811721600, 1811721600000, 1.5, -1, True, ["2026-05-31"], {}),
)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        *((RESIGN, {"employee_id": "e-1"}, one) for one in ("submitted_on", "last_working_day", "employment_end_date")),
        (f"{CASE}/last-working-day", {}, "last_working_day"),
        (f"{CASE}/decision", {"outcome": "CONFIRMED"}, "decided_on"),
        (f"{CASE}/withdrawal", {}, "withdrawn_on"),
    ],
)
def test_only_year_month_and_day_are_a_day(office: Office, path: str, body: dict[str, Any], field: str) -> None:
    answers = [office.post(path, json.dumps(body | {field: said})) for said in NO_DAYS]

    assert [answer.status_code for answer in answers] == [422] * len(NO_DAYS)
    for answer in answers:
        (error,) = answer.json()["errors"]
        assert error["pointer"] == f"#/{field}"
        assert "YYYY-MM-DD" in error["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RESIGN, '{"employee_id": "e-1", "employee_id": "e-2"}'),
        (RESIGN, '{"employee_id": "e-1", "employee_id": "e-1"}'),
        (RESIGN, '{"employee_id": "e-1", "\\u0065mployee_id": "e-2"}'),
        (f"{CASE}/decision", '{"outcome": "RETAINED", "outcome": "CONFIRMED"}'),
        ("/v1/batch", '{"requests": [], "requests": [{"id": "1", "body": {"employee_id": "e-1"}}]}'),
        ("/v1/batch", '{"requests": [{"id": "1", "body": {"employee_id": "e-1", "employee_id": "e-2"}}]}'),
    ],
)
def test_a_member_that_is_named_twice_is_refused(office: Office, path: str, body: str) -> None:
    answer = office.post(path, body)

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "#")
    assert "named twice" in error["detail"]


def test_the_employee_id_cannot_be_left_out(office: Office) -> None:
    assert office.post(RESIGN, "{}").json()["errors"] == [{"pointer": "#/employee_id", "detail": "Field required"}]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("{}", "#/outcome"),
        ('{"outcome": "confirmed"}', "#/outcome"),
        ('{"outcome": "CONFIRMED", "decided_by_id": 7}', "#/decided_by_id"),
        ('{"outcome": "CONFIRMED", "reason": "x"}', "#"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(office: Office, body: str, pointer: str) -> None:
    answer = office.post("/v1/cases/0195567a-0000-7000-8000-000000000001/decision", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("route", ["withdrawal", "void", "last-working-day", "decision"])
def test_what_signs_a_question_cannot_change_a_case(office: Office, route: str) -> None:
    question = signed("")

    answer = office.send("POST", f"/v1/cases/0195567a-0000-7000-8000-000000000001/{route}", "", question)

    assert answer.status_code == 422


def test_no_value_comes_back(office: Office) -> None:
    fields = ("employee_id", "time_zone", "risk", "last_working_day", "country", "notice_period_days", "unknown")
    body = json.dumps(dict.fromkeys(fields, f"\t{CANARY}"))

    answer = office.post(RESIGN, body)

    assert len(answer.json()["errors"]) == len(fields)
    assert "Canary" not in answer.text


def test_a_thousand_wrong_fields_make_a_short_answer(office: Office) -> None:
    answer = office.post(RESIGN, json.dumps({"employee_id": "e-1"} | {f"f{number}": 1 for number in range(1_000)}))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#"]


@pytest.mark.parametrize("size", [16 * 1024 + 1, 100_000, 10_000_000])
def test_a_body_that_is_too_large_is_refused(office: Office, size: int) -> None:
    body = "x" * size

    assert office.post(RESIGN, body).status_code == 413


def test_a_body_that_is_just_not_too_large_is_read(office: Office) -> None:
    body = json.dumps({"employee_id": "e-1", "unknown": ""})
    body = body.replace('""', '"' + "x" * (16 * 1024 - len(body)) + '"')

    assert office.post(RESIGN, body).status_code == 422


def test_a_large_body_that_does_not_say_its_size_is_refused_early(office: Office) -> None:
    host, port = office.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(b"POST /v1/resignations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        line.sendall(b"4001\r\n" + b"x" * 0x4001 + b"\r\n")

        answer = line.recv(1_000)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_breaks_off_does_no_harm(office: Office) -> None:
    host, port = office.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(b"POST /v1/resignations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")

    assert office.post(RESIGN, "{").status_code == 422
