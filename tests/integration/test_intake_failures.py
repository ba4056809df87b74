"""When something fails under the intake: all of a request is written down, or nothing; and it can be sent again."""

import asyncio
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from choreography import Database, Event, Health, Outbox, SystemClock
from producers.ems.bodies import Resignation
from producers.ems.intake import Delivery, Intake
from producers.ems.storage import Storage
from tests.integration.intake.office import SECRET, TABLES, Office, open_office, prepared, rows, signed

RESIGN = "/v1/resignations"
BODY = json.dumps({"employee_id": "e-1"})
NOTHING = {"cases": 0, "requests": 0, "outbox": 0}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as running:
        yield running


@pytest.mark.parametrize("table", ["cases", "requests", "outbox"])
def test_a_request_is_written_whole_or_not_at_all(office: Office, table: str) -> None:
    webhook_id = str(uuid4())
    office.sql(f"ALTER TABLE {table} RENAME TO gone")

    failed = office.post(RESIGN, BODY, webhook_id=webhook_id)

    office.sql(f"ALTER TABLE gone RENAME TO {table}")
    assert (failed.status_code, failed.headers["content-type"]) == (503, "application/problem+json")
    assert failed.headers["retry-after"]
    assert office.rows() == NOTHING
    assert office.post(RESIGN, BODY, webhook_id=webhook_id).status_code == 202
    assert office.rows() == {"cases": 1, "requests": 1, "outbox": 1}


def test_a_batch_that_cannot_be_written_can_be_sent_again(office: Office) -> None:
    requests = [{"id": str(number), "body": {"employee_id": f"e-{number}"}} for number in range(3)]
    batch = json.dumps({"requests": requests})
    office.sql("ALTER TABLE requests RENAME TO gone")

    failed = office.post("/v1/batch", batch).json()["answers"]

    office.sql("ALTER TABLE gone RENAME TO requests")
    assert [(answer["code"], answer["retry_after"]) for answer in failed] == [(503, 5)] * 3
    assert office.rows() == NOTHING
    assert [answer["code"] for answer in office.post("/v1/batch", batch).json()["answers"]] == [202] * 3
    assert office.rows() == {"cases": 3, "requests": 3, "outbox": 3}


def test_a_locked_database_is_a_reason_to_try_later_and_keeps_no_question_waiting(
    office: Office, tmp_path: Path
) -> None:
    webhook_id, case_id = str(uuid4()), office.post(RESIGN, BODY).json()["case_id"]
    other = json.dumps({"employee_id": "e-2"})

    with closing(sqlite3.connect(tmp_path / "ems.exits.db", isolation_level=None)) as somebody_else:
        somebody_else.execute("BEGIN IMMEDIATE")
        while_locked = office.post(RESIGN, other, webhook_id=webhook_id)
        question = office.get(f"/v1/cases/{case_id}")
        somebody_else.execute("ROLLBACK")

    assert (while_locked.status_code, question.status_code) == (503, 200)
    assert office.rows() == {"cases": 1, "requests": 1, "outbox": 1}
    assert office.post(RESIGN, other, webhook_id=webhook_id).status_code == 202


def test_a_full_disk_loses_nothing_that_was_accepted(office: Office) -> None:
    accepted = office.post(RESIGN, BODY)
    office.sql("PRAGMA max_page_count = 1")  # SQLite takes the present size as the least

    answers = [office.post(RESIGN, json.dumps({"employee_id": f"e-{number}"})) for number in range(2, 200)]

    assert {answer.status_code for answer in answers} == {202, 503}
    assert office.get(f"/v1/cases/{accepted.json()['case_id']}").status_code == 200
    taken = 1 + sum(answer.status_code == 202 for answer in answers)
    assert office.rows() == {"cases": taken, "requests": taken, "outbox": taken}


@pytest.mark.parametrize("table", ["cases", "requests"])
def test_a_twin_that_writes_at_the_same_moment_makes_one_of_both_wait(office: Office, table: str) -> None:
    office.sql(f"CREATE TRIGGER twin BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'UNIQUE'); END")

    answer = office.post(RESIGN, BODY)

    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert office.rows() == NOTHING


def test_the_fact_is_part_of_the_transaction(tmp_path: Path) -> None:
    class BrokenOutbox(Outbox):
        def add(self, tx: Connection, event: Event, **_: object) -> int:
            super().add(tx, event)
            raise OSError("the machine stops here")

    with closing(Database(f"sqlite:///{tmp_path / 'ems.db'}")) as database:
        database.create(*TABLES)
        outbox = BrokenOutbox(prepared(database), "/ems", SystemClock())
        intake = Intake(database, outbox, SystemClock(), "UTC", storage=Storage(database, Health()))

        with pytest.raises(OSError, match="stops here"):
            asyncio.run(intake.resign(Delivery("msg_1", "digest"), Resignation(employee_id="e-1")))

        assert rows(database) == NOTHING


def test_what_nobody_foresaw_is_a_problem_without_details(tmp_path: Path) -> None:
    class BrokenClock(SystemClock):
        def now(self) -> datetime:
            raise RuntimeError(f"secret {SECRET}")

    with open_office(tmp_path, BrokenClock()) as office:
        answer = office.post(RESIGN, BODY)

        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert SECRET not in answer.text
        assert office.rows() == NOTHING


def test_a_request_in_flight_is_finished_before_the_intake_closes(office: Office) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY).items())
    host, port = office.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"POST {RESIGN} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
            f"content-length: {len(BODY)}\r\n{head}\r\n".encode()
        )
        assert line.recv(1_000).startswith(b"HTTP/1.1 100 ")  # the application waits for the body
        closing_time = threading.Thread(target=office.stop)
        closing_time.start()
        wait_until_closed(host, int(port))
        line.sendall(BODY.encode())

        answer = line.recv(10_000)

    closing_time.join(10)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert office.rows()["cases"] == 1


def wait_until_closed(host: str, port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except ConnectionRefusedError:
            return
        except TimeoutError:
            continue  # a busy machine; asked again
        time.sleep(0.01)
    pytest.fail("the intake still takes newcomers")
