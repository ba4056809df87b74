"""The intake does what its OpenAPI document says: schemathesis sends whatever that allows or forbids, signed or not.

Every request goes to a real server on a real database. It generates without randomness, so a run repeats itself.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.specs.openapi.schemas import OpenApiSchema
from standardwebhooks import Webhook
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typer.testing import CliRunner

from choreography import SystemClock
from infra.cli.app import app
from producers.ems.brake import brake_of
from producers.ems.refusals import examples
from producers.ems.routes import BATCH, CHANGES, RESIGN, SHOW
from tests.integration.intake.office import SECRET, Office, open_office
from tests.integration.intake.vendor_webhooks import KEYS, signature

CONFIG: Final = {
    "seed": 1,
    "warnings": False,
    "generation": {"deterministic": True, "max-examples": 4},
    "phases": {"stateful": {"generation": {"max-examples": 5}}},
}
# Signed in front of the intake, no request lacks a signature; and what JSON Schema cannot say of a body (fields that
# contradict each other, years beyond reason) is refused, as the document says.
UNSIGNED: Final = {"positive_data_acceptance": {"enabled": False}}
NOT_OF_SIGNED: Final = UNSIGNED | {"ignored_auth": {"enabled": False}}


class StandingClock(SystemClock):
    """A clock by which no token ever comes back."""

    def monotonic(self) -> float:
        return 0.0


class Signing:
    """Puts a genuine signature in the place of an invented one; a request without any stays without."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        genuine = {name.lower().encode(): value.encode() for name, value in _signed(scope["path"], body).items()}
        if genuine.keys() <= {name for name, _ in scope["headers"]}:
            scope["headers"] = [(name, genuine.get(name, value)) for name, value in scope["headers"]]
        await self._app(scope, again, send)


def _signed(path: str, body: bytes) -> dict[str, str]:
    vendor = path.removeprefix("/v1/vendors/")
    if vendor in KEYS:
        return signature(vendor, body)
    webhook_id, now = str(uuid4()), datetime.now(UTC)
    # the library signs text only, and what verifies takes bytes that are none for unsigned anyway
    signed = Webhook(SECRET).sign(webhook_id, now, body.decode(errors="replace"))
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }


def answers(office: Office, **changed: Any) -> Counter[tuple[str, int]]:
    """Have schemathesis test the server; return how often each operation answered with which status."""
    found: Counter[tuple[str, int]] = Counter()
    wrong: list[str] = []
    for event in from_schema(described(office, **changed)).execute():
        if isinstance(event, events.NonFatalError):
            wrong.append(str(event.info))
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            found.update(_answers(event.recorder))
            wrong += _failures(event.recorder)
    assert wrong == []
    return found


def described(office: Office, **changed: Any) -> OpenApiSchema:
    """Return the document that a server gives of itself."""
    config = schemathesis.Config.from_dict(CONFIG | changed)
    return schemathesis.openapi.from_url(f"{office.address}/openapi.json", config=config)


def _answers(recorder: ScenarioRecorder) -> Iterator[tuple[str, int]]:
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            yield recorder.cases[case_id].value.operation.label, interaction.response.status_code


def _failures(recorder: ScenarioRecorder) -> Iterator[str]:
    for check in chain.from_iterable(recorder.checks.values()):
        if check.failure_info is not None:
            yield f"{recorder.label}: {check.failure_info.failure}"


def test_whatever_is_signed_is_answered_as_documented(tmp_path: Path) -> None:
    with open_office(tmp_path, vendors=KEYS, front=Signing) as office:
        found = answers(office, checks=NOT_OF_SIGNED)

    assert {status for _, status in found} >= {202, 401, 404, 405, 409, 422}
    of_vendors = {label for label, status in found if "/vendors/" in label and status == 202}
    assert of_vendors == {f"POST /v1/vendors/{name}" for name in KEYS}


def test_whatever_is_not_signed_is_refused_as_documented(tmp_path: Path) -> None:
    with open_office(tmp_path, vendors=KEYS) as office:
        found = answers(
            office, phases={"stateful": {"enabled": False}, "coverage": {"enabled": False}}, checks=UNSIGNED
        )

        assert office.rows() == {"cases": 0, "requests": 0, "outbox": 0}
    assert {status for label, status in found if "/v1/" in label} <= {400, 401, 404, 405}
    assert {label for label, status in found if status == 401} == {label for label, _ in found if "/v1/" in label}


def test_what_schemathesis_does_not_reach_is_documented_too(tmp_path: Path) -> None:
    with open_office(tmp_path, StandingClock(), rate=1) as office:
        resign = described(office)["/v1/resignations"]["POST"]
        first = office.post("/v1/resignations", "{}")
        second = office.post("/v1/resignations", "{}")
        too_large = office.post("/v1/resignations", "x" * 17_000)

    with open_office(tmp_path) as office:
        office.sql("ALTER TABLE requests RENAME TO gone")
        not_stored = office.post("/v1/resignations", '{"employee_id": "e-1"}')

    found = [first, second, too_large, not_stored]
    assert [answer.status_code for answer in found] == [422, 429, 413, 503]
    assert {str(answer.status_code) for answer in found} <= resign.definition.raw["responses"].keys()
    for answer in found:
        resign.validate_response(answer)


def test_the_life_of_a_case_is_answered_as_documented(tmp_path: Path) -> None:
    with open_office(tmp_path) as office:
        document = described(office)
        opened = office.post(RESIGN.path, json.dumps(RESIGN.example))
        case_id = opened.json()["case_id"]
        answers = [(RESIGN, opened)]
        for operation in (*CHANGES, SHOW):
            path = operation.path.format(case_id=case_id)
            body = json.dumps(operation.example)
            answers.append((operation, office.get(path) if operation is SHOW else office.post(path, body)))

    assert [answer.status_code for _, answer in answers] == [202, 202, 409, 409, 409, 200]
    for operation, answer in answers:
        document[operation.path][operation.method].validate_response(answer)


def test_what_is_held_and_what_comes_in_a_batch_is_answered_as_documented(tmp_path: Path) -> None:
    with open_office(tmp_path, brake=brake_of(1, 3_600, 0, None)) as office:
        document = described(office)
        bodies = [{"employee_id": name} for name in ("e-1", "e-2")]
        of_batch = [{"id": "1", "body": bodies[0]}, {"id": "2", "body": {"employee_id": "e-3"}}, {"id": "3"}, None]
        answers = [(RESIGN, office.post(RESIGN.path, json.dumps(body))) for body in bodies]
        answers.append((BATCH, office.post(BATCH.path, json.dumps({"requests": of_batch}))))

    assert [answer.json().get("status") for _, answer in answers] == ["SUBMITTED", "HELD", None]
    assert [one["code"] for one in answers[-1][1].json()["answers"]] == [409, 202, 422, 422]
    for operation, answer in answers:
        document[operation.path][operation.method].validate_response(answer)


def test_the_document_is_open_to_all_and_names_only_routes_that_are_there(tmp_path: Path) -> None:
    with open_office(tmp_path, vendors={"hibob": KEYS["hibob"]}) as office:
        answer = office.send("GET", "/openapi.json", "", {})
        paths = answer.json()["paths"]
        there = {path: path.format(case_id=uuid4()) for path in paths}
        missing = {path for path, one in there.items() if office.send("DELETE", one, "", {}).status_code != 405}
        other = office.send("POST", "/v1/vendors/deel", "", {})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert (missing, other.status_code) == (set(), 404)
    assert {path for path in paths if "vendors" in path} == {"/v1/vendors/hibob"}


def test_the_command_prints_what_an_intake_of_all_vendors_gives(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["openapi"])

    with open_office(tmp_path, vendors=KEYS) as office:
        assert json.loads(printed.stdout) == office.send("GET", "/openapi.json", "", {}).json()


def test_examples_are_what_the_schemas_say() -> None:
    for operation in (RESIGN, BATCH, *CHANGES):
        assert operation.takes is not None
        operation.takes.model_validate_json(json.dumps(operation.example))
    told = examples()
    assert {status for operation in (RESIGN, BATCH, *CHANGES, SHOW) for status in operation.refuses} == told.keys()
