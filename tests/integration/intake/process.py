"""EMS as a process on a real broker, and what stands on its topics."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar, cast
from uuid import UUID, uuid4

import httpx2
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from infra.intake_client import IntakeClient
from infra.providers import Broker
from schemas.exits import EmployeeResigned
from tests.integration.intake.office import SECRET, ZONE

SECONDS = 60
T = TypeVar("T")
Headers = list[tuple[str, bytes | None]]


class Ems:
    """A process that is told by its environment where everything is."""

    def __init__(self, broker: Broker, state_dir: Path) -> None:
        self._log = state_dir / "ems.log"
        self.environment = {
            "EMS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "EMS_SCHEMA_REGISTRY_URL": broker.registry_url,
            "EMS_STATE_DIR": str(state_dir),
            "EMS_WEBHOOK_SECRETS": SECRET,
            "EMS_TIME_ZONE": ZONE,
            "EMS_LOG_FORMAT": "json",
        }

    def start(self, **settings: str) -> IntakeClient:
        """Start it, with these settings too, and return a client of its intake once that is open."""
        self._log.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "producers.ems"], env=os.environ | self.environment | settings, stderr=log
            )
        return IntakeClient(until(self._address, "the intake is open"), SECRET)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(SECONDS)

    def ready(self) -> httpx2.Response:
        """Ask it for `/readyz`."""
        return httpx2.get(f"http://127.0.0.1:{self._logged('health.opened', 'port')}/readyz", trust_env=False)

    def refused(self, part: str) -> str | None:
        """Return why a part of it does not work, once it says more than that it begins."""
        found = self.ready().json()["parts"][part]
        return str(found["detail"]) if not found["ok"] and "reads nothing" in found["detail"] else None

    def _address(self) -> str | None:
        assert self.process.poll() is None, self._log.read_text()
        return self._logged("intake.opened", "address")

    def _logged(self, event: str, field: str) -> str | None:
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return next((line[field] for line in lines if line.get("event") == event), None)


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
