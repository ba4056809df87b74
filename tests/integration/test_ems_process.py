"""EMS as a process, on a real broker: what it accepts is published, whatever ends it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from infra.deploy import deploy
from infra.intake_client import IntakeClient
from infra.inventory import inventory
from infra.providers import Broker
from schemas.exits import EmployeeResigned
from tests.integration.intake.office import SECRET, ZONE
from tests.integration.intake.vendor_webhooks import KEYS, encoded, exit_of, signature

pytestmark = pytest.mark.broker
SECONDS = 60
T = TypeVar("T")
Headers = list[tuple[str, bytes | None]]


class Ems:
    """A process that is told by its environment where everything is."""

    def __init__(self, broker: Broker, state_dir: Path) -> None:
        self._log = state_dir / "ems.log"
        self._environment = {
            "EMS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "EMS_SCHEMA_REGISTRY_URL": broker.registry_url,
            "EMS_STATE_DIR": str(state_dir),
            "EMS_WEBHOOK_SECRETS": SECRET,
            "EMS_TIME_ZONE": ZONE,
            "EMS_VENDOR_HIBOB_SECRETS": ",".join(KEYS["hibob"]),
            "EMS_INTAKE_RATE": "20",
            "EMS_LOG_FORMAT": "json",
        }

    def start(self) -> IntakeClient:
        """Start it, and return a client of its intake once that is open."""
        self._log.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "producers.ems"], env=os.environ | self._environment, stderr=log
            )
        return IntakeClient(until(self._address, "the intake is open"), SECRET)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(SECONDS)

    def _address(self) -> str | None:
        assert self.process.poll() is None, self._log.read_text()
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return next((line["address"] for line in lines if line.get("event") == "intake.opened"), None)


@pytest.fixture
def ems(broker: Broker, tmp_path: Path) -> Iterator[Ems]:
    deploy(broker, inventory())
    ems = Ems(broker, tmp_path)
    yield ems
    if ems.process.poll() is None:
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


def published(broker: Broker, key: str, *, count: int, case_id: UUID | None = None) -> list[dict[str, str]]:
    """Return the headers of an employee's records, once there are that many, and one of this case."""
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": f"test-{uuid4()}", "enable.auto.commit": False}
    )
    topic = EmployeeResigned.topic
    consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in range(topic.partitions)])
    found: list[dict[str, str]] = []

    def enough() -> list[dict[str, str]] | None:
        record = consumer.poll(0.5)
        if record is not None and record.error() is None and record.key() == key.encode():
            found.append({name: bytes(value or b"").decode() for name, value in cast("Headers", record.headers())})
        is_there = case_id is None or any(record["ce_subject"] == str(case_id) for record in found)
        return found if is_there and len(found) >= count else None

    try:
        return until(enough, f"{count} records of {key} are published")
    finally:
        consumer.close()


def until(look: Callable[[], T | None], what: str) -> T:
    deadline = monotonic() + SECONDS
    while monotonic() < deadline:
        if (found := look()) is not None:
            return found
        sleep(0.02)
    pytest.fail(f"waited {SECONDS} s, and it is still not true that {what}")
