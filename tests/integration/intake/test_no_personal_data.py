"""Whatever goes wrong, nothing that a sender sent comes back in the problem, and nothing of it is logged."""

import json
import logging
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.ems.http.routes import CHANGES, RESIGN, Operation
from tests.integration.intake.office import Office, open_office, signed
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature

CANARY: Final = "Jane.Canary@example.com"
NOWHERE: Final = str(uuid4())
HEADERS: Final = (
    *("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent", "cookie", "expect"),
    *("x-bamboohr-signature", "x-bamboohr-timestamp", "bob-signature", "x-deel-signature"),
    *("x-merge-webhook-signature", "authorization", "referer", "x-forwarded-for", "accept"),
)
BOUNDED: Final = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
canaries: Final = st.sampled_from(
    [CANARY, f"\t{CANARY}", f"{CANARY}\r\nBcc: {CANARY}", f"<b>{CANARY}</b>", CANARY * 20, f"2026-01-01 {CANARY}"]
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), vendors=KEYS) as running:
        yield running


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    printed = capfd.readouterr()
    assert "Canary" not in caplog.text + printed.out + printed.err


@st.composite
def bodies(draw: st.DrawFn, operation: Operation) -> Any:
    """Draw a body with a canary in some fields, as value, as name of a field, or within something nested."""
    assert operation.takes is not None
    fields = draw(st.sets(st.sampled_from(sorted(operation.takes.model_fields)), min_size=1))
    canary = draw(canaries)
    value: st.SearchStrategy[Any] = st.sampled_from([canary, [canary], {canary: canary}])
    body = dict(operation.example) | {name: draw(value) for name in fields}
    if draw(st.booleans()):
        body[canary] = 1
    return draw(st.sampled_from([body, [body], canary, encoded(body)[:-2]]))


@BOUNDED
@given(data=st.data())
@pytest.mark.usefixtures("watched")
def test_no_field_comes_back(office: Office, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from((RESIGN, *CHANGES)))
    drawn = data.draw(bodies(operation))
    body = drawn if isinstance(drawn, str) else json.dumps(drawn)

    answer = office.post(operation.path.format(case_id=NOWHERE), body)

    if answer.status_code >= 400:  # a canary that fits is an id, and taken
        assert "Canary" not in answer.text


@BOUNDED
@given(names=st.sets(st.sampled_from(HEADERS), min_size=1), path=st.sampled_from([RESIGN.path, "/v1/vendors/merge"]))
@pytest.mark.usefixtures("watched")
def test_no_header_comes_back(office: Office, names: set[str], path: str) -> None:
    answer = office.send("POST", path, "{}", signed("{}") | dict.fromkeys(names, CANARY))

    assert answer.status_code >= 400
    assert "Canary" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/v1/cases/{}", "/v1/cases/{}/decision", "/{}", "/v1/resignations?name={}"])
@pytest.mark.usefixtures("watched")
def test_no_address_comes_back(office: Office, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = office.send(method, path.format(CANARY), '{"outcome": "x"}', signed('{"outcome": "x"}'))

        assert answer.status_code >= 400
        assert "Canary" not in answer.text


@pytest.mark.parametrize("vendor", sorted(KEYS))
@pytest.mark.usefixtures("watched")
def test_no_webhook_comes_back(office: Office, vendor: str) -> None:
    for employee in (f" {CANARY}", CANARY * 20, {"name": CANARY}):
        body = encoded(exit_of(vendor, "X", "2999-12-31")).replace('"X"', json.dumps(employee))
        answer = office.send("POST", f"/v1/vendors/{vendor}", body, signature(vendor, body.encode()))

        assert (answer.status_code, answer.json()["taken"]) == (202, [])
        assert "Canary" not in answer.text


@pytest.mark.usefixtures("watched")
def test_a_failing_database_does_not_tell_what_it_was_to_store(office: Office) -> None:
    office.sql("ALTER TABLE cases RENAME TO gone")
    answer = office.post(RESIGN.path, json.dumps({"employee_id": CANARY, "department": CANARY}))
    office.sql("ALTER TABLE gone RENAME TO cases")

    assert answer.status_code == 503
    assert "Canary" not in answer.text
