"""Who may send how much, with which secret: exchanged secrets, repeated requests, and senders that send too much."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from choreography.testing.fake import FakeClock
from tests.integration.intake.office import NEXT_SECRET, SECRET, Office, open_office
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature

RESIGN = "/v1/resignations"


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office")) as running:
        yield running


def by_hand(body: str, secret: str, *, ago: timedelta = timedelta(), webhook_id: str = "msg_1") -> dict[str, str]:
    """Sign as the specification of Standard Webhooks says, without its library."""
    at = str(int((datetime.now(UTC) - ago).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.new(key, f"{webhook_id}.{at}.{body}".encode(), hashlib.sha256).digest()
    proof = f"v1,{base64.b64encode(code).decode()}"
    return {"webhook-id": webhook_id, "webhook-timestamp": at, "webhook-signature": proof}


def test_the_specification_is_followed_without_the_library_of_it(office: Office, employee: str) -> None:
    body = json.dumps({"employee_id": employee})

    good = office.send("POST", RESIGN, body, by_hand(body, SECRET, webhook_id=employee))
    changed = office.send("POST", RESIGN, body + " ", by_hand(body, SECRET))
    minutes = [timedelta(minutes=number) for number in (4, 6, -4, -6)]
    aged = [office.send("POST", RESIGN, "{}", by_hand("{}", SECRET, ago=ago)).status_code for ago in minutes]

    assert (good.status_code, changed.status_code) == (202, 401)
    assert aged == [422, 401, 422, 401]


def test_an_id_of_the_kind_that_ems_makes_itself_is_refused(office: Office, employee: str) -> None:
    body = json.dumps({"employee_id": employee})

    answer = office.post(RESIGN, body, webhook_id=f"ems:bamboohr {employee}")

    assert (answer.status_code, "ems:" in answer.json()["detail"]) == (422, True)
    assert office.facts(employee) == []


def test_one_good_signature_among_several_is_enough(office: Office, employee: str) -> None:
    body = json.dumps({"employee_id": employee})
    headers = by_hand(body, SECRET, webhook_id=employee)
    foreign = by_hand(body, "whsec_" + "QUJD" * 8)["webhook-signature"]
    several = " ".join([foreign, "v1a,AAAA", headers["webhook-signature"], "v2,BBBB"])

    assert office.send("POST", RESIGN, body, headers | {"webhook-signature": several}).status_code == 202
    assert office.send("POST", RESIGN, body, headers | {"webhook-signature": f"{foreign} v2,x"}).status_code == 401


def test_a_secret_is_exchanged_without_losing_a_request(tmp_path: Path, employee: str) -> None:
    body = json.dumps({"employee_id": employee})

    with open_office(tmp_path, secrets=[SECRET]) as before:
        first = before.post(RESIGN, body, webhook_id=employee)
        too_early = before.post(RESIGN, body, webhook_id=employee, secret=NEXT_SECRET)
    with open_office(tmp_path, secrets=[SECRET, NEXT_SECRET]) as both:
        meanwhile = [both.post(RESIGN, body, webhook_id=employee, secret=one) for one in (SECRET, NEXT_SECRET)]
    with open_office(tmp_path, secrets=[NEXT_SECRET]) as after:
        by_old = after.post(RESIGN, body, webhook_id=employee)
        by_new = after.post(RESIGN, body, webhook_id=employee, secret=NEXT_SECRET)
        facts = after.facts(employee)

    assert (first.status_code, too_early.status_code, by_old.status_code) == (202, 401, 401)
    assert {answer.content for answer in (*meanwhile, by_new)} == {first.content}
    assert len(facts) == 1


def test_a_sender_that_sends_too_much_is_told_when_to_come_back(tmp_path: Path, employee: str) -> None:
    clock = FakeClock()
    with open_office(tmp_path, clock, rate=2, vendors=KEYS) as office:
        body, webhook_id = json.dumps({"employee_id": employee}), str(uuid4())
        within = [office.post(RESIGN, "{}").status_code, office.get(f"/v1/cases/{uuid4()}").status_code]
        beyond = office.post(RESIGN, body, webhook_id=webhook_id)
        nothing = office.rows()
        clock.advance(timedelta(seconds=int(beyond.headers["retry-after"])))
        later = office.post(RESIGN, body, webhook_id=webhook_id)

    assert (within, beyond.status_code, later.status_code) == ([422, 404], 429, 202)
    assert beyond.headers["content-type"] == "application/problem+json"
    assert nothing == {"cases": 0, "requests": 0, "outbox": 0}


def test_nobody_is_kept_out_by_somebody_else(tmp_path: Path, employee: str) -> None:
    with open_office(tmp_path, FakeClock(), rate=1, vendors=KEYS) as office:
        strangers = {office.send("POST", RESIGN, "{}", {}).status_code for _ in range(5)}
        webhook = encoded(exit_of("deel", employee, "2999-12-31"))
        vendors = [
            office.send("POST", "/v1/vendors/deel", webhook, signature("deel", webhook.encode())) for _ in range(2)
        ]
        ours = [office.post(RESIGN, "{}").status_code for _ in range(2)]
        other = office.post(RESIGN, "{}", secret=NEXT_SECRET)

    assert strangers == {401}
    assert [answer.status_code for answer in vendors] == [202, 429]
    assert (ours, other.status_code) == ([422, 429], 422)
