"""EMS as a process, on a real broker: what it accepts is published, whatever ends it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest

from infra.deploy import deploy
from infra.intake_client import ResignationHeld
from infra.inventory import inventory
from infra.providers import Broker
from tests.integration.intake.office import ZONE
from tests.integration.intake.process import Ems, published, until
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module", autouse=True)
def deployed(broker: Broker) -> None:
    deploy(broker, inventory())


@pytest.fixture
def ems(broker: Broker, tmp_path: Path) -> Iterator[Ems]:
    ems = Ems(broker, tmp_path)
    yield ems
    if ems.runs:
        ems.end(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_was_accepted_is_published_before_it_ends(ems: Ems, broker: Broker, how: signal.Signals) -> None:
    employee = f"e-{uuid4()}"

    with ems.start() as intake:
        case = intake.resign({"employee_id": employee})
        intake.decide(case.case_id, "RETAINED", decided_by_id="hr-1")
    code = ems.end(how)

    assert code == 0
    first, second = published(broker, employee, count=2)
    assert first["ce_type"] == "ems.exits.EmployeeResigned.v1"
    assert second["ce_type"] == "ems.exits.EmployeeRetained.v1"
    assert [record["ce_sequence"] for record in (first, second)] == ["1", "2"]
    assert {record["ce_subject"] for record in (first, second)} == {str(case.case_id)}
    assert {record["ce_source"] for record in (first, second)} == {"/ems"}


def test_what_was_accepted_before_a_kill_is_published_after_it(ems: Ems, broker: Broker) -> None:
    employee, webhook_id = f"e-{uuid4()}", str(uuid4())

    with ems.start() as intake:
        before = intake.resign({"employee_id": employee}, webhook_id=webhook_id)
        ems.end(signal.SIGKILL)
    with ems.start() as intake:
        after = intake.resign({"employee_id": employee}, webhook_id=webhook_id)

    assert after == before
    records = published(broker, employee, count=1)
    assert {record["ce_subject"] for record in records} == {str(before.case_id)}
    assert len({record["ce_id"] for record in records}) == 1, "a repeat keeps its id"
    assert ems.end() == 0


def test_a_vendor_whose_secrets_are_given_is_heard_and_no_sender_more_than_it_may(ems: Ems, broker: Broker) -> None:
    employee = f"e-{uuid4()}"
    body = encoded(exit_of("hibob", employee, "2999-12-31"))
    ems.environment |= {"EMS_VENDOR_HIBOB_SECRETS": ",".join(KEYS["hibob"]), "EMS_INTAKE_RATE": "20"}

    with ems.start() as intake, httpx2.Client(base_url=intake.url, trust_env=False) as vendor:
        answers = [
            vendor.post("/v1/vendors/hibob", content=body, headers=signature("hibob", body.encode(), key))
            for key in KEYS["hibob"] * 30
        ]
        other = vendor.post("/v1/vendors/deel", content=body, headers=signature("deel", body.encode()))
    ems.end()

    (case_id,) = {answer.json()["taken"][0]["case_id"] for answer in answers if answer.status_code == 202}
    assert {record["ce_subject"] for record in published(broker, employee, count=1)} == {case_id}
    assert {answer.status_code for answer in answers} == {202, 429}
    assert other.status_code == 404


def test_a_departure_that_fell_due_while_it_was_down_is_published_once(
    ems: Ems, broker: Broker, tmp_path: Path
) -> None:
    employee, last_day = f"e-{uuid4()}", datetime.now(UTC).date() - timedelta(days=2)
    with ems.start() as intake:
        case = intake.resign({"employee_id": employee, "last_working_day": last_day + timedelta(days=30)})
        intake.decide(case.case_id, "CONFIRMED")
        ems.end(signal.SIGKILL)
    with closing(sqlite3.connect(tmp_path / "ems.exits.db", isolation_level=None)) as database:  # the days go by
        database.execute("UPDATE cases SET last_working_day = ?", [last_day.isoformat()])

    with ems.start() as intake:
        until(lambda: intake.case(case.case_id)["status"] == "DEPARTED" or None, "the departure is stated")
        ems.end(signal.SIGKILL)
    with ems.start() as intake:
        hired_again = intake.resign({"employee_id": employee})
    ems.end()

    records = published(broker, employee, count=4, case_id=hired_again.case_id)
    departures = [record for record in records if record["ce_type"] == "ems.exits.EmployeeDeparted.v1"]
    assert {(record["ce_sequence"], record["ce_subject"]) for record in departures} == {("3", str(case.case_id))}
    assert len({record["ce_id"] for record in departures}) == 1
    over = datetime.combine(last_day + timedelta(days=1), time.min, ZoneInfo(ZONE))
    assert datetime.fromisoformat(departures[0]["ce_time"]) == over


def test_a_resignation_too_many_is_held_until_a_person_releases_it(ems: Ems, broker: Broker, tmp_path: Path) -> None:
    first, second = f"e-{uuid4()}", f"e-{uuid4()}"
    with ems.start(EMS_INTAKE_BRAKE_COUNT="1") as intake:
        intake.resign({"employee_id": first})
        with pytest.raises(ResignationHeld):
            intake.resign({"employee_id": second})
        ems.end(signal.SIGKILL)

    with ems.start(EMS_INTAKE_BRAKE_COUNT="1"):
        command = [sys.executable, "-m", "infra.cli.main", "intake", "release", "--all"]
        subprocess.run(command, env=os.environ | {"EMS_STATE_DIR": str(tmp_path)}, check=True, timeout=60)
        (resigned,) = published(broker, second, count=1)

    assert resigned["ce_type"] == "ems.exits.EmployeeResigned.v1"
