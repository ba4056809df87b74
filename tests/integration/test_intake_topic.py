"""Requests by Kafka, from clients that are not ours: Apache's console producer and its Java producer under load."""

import io
import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import cast
from uuid import uuid4

import fastavro
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from choreography import INTAKE, REACTIONS, IntakeRefused
from infra.deploy import deploy
from infra.inventory import inventory
from infra.local.distribution import KAFKA
from infra.local.java import kafka_command
from infra.providers import Broker
from producers.ems.statements import GROUP
from tests.integration.intake.process import SECONDS, Ems, published, until

pytestmark = pytest.mark.broker
TOPIC = INTAKE.of("ems").name
TOOLS = "org.apache.kafka.tools"


@pytest.fixture
def ems(broker: Broker, tmp_path: Path) -> Iterator[Ems]:
    deploy(broker, inventory())
    ems = Ems(broker, tmp_path)
    yield ems
    if ems.process.poll() is None:
        ems.end(signal.SIGKILL)


@pytest.fixture
def employee() -> str:
    return f"e-{uuid4()}"


def console_producer(broker: Broker, *lines: str, **properties: str) -> None:
    """Have Apache's console producer send lines."""
    said = [part for name, value in properties.items() for part in ("--reader-property", f"{name}={value}")]
    arguments = ("--bootstrap-server", broker.bootstrap_servers, "--topic", TOPIC, *said)
    command = kafka_command(KAFKA.place, f"{TOOLS}.ConsoleProducer", *arguments)
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True, timeout=SECONDS)


def refusals(broker: Broker, *, naming: str) -> list[dict[str, object]]:
    """Return what was stated about records whose refusal says this, once there is any."""
    topic = REACTIONS.of("ems")
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": f"test-{uuid4()}"})
    consumer.assign([TopicPartition(topic.name, number, OFFSET_BEGINNING) for number in range(topic.partitions)])
    schema = fastavro.parse_schema(IntakeRefused.avsc())
    found: list[dict[str, object]] = []

    def look() -> list[dict[str, object]] | None:
        record = consumer.poll(0.5)
        if record is not None and record.error() is None:
            headers = dict(cast("list[tuple[str, bytes]]", record.headers()))
            if headers["ce_type"] == b"choreography.IntakeRefused.v1":
                value = io.BytesIO(cast("bytes", record.value())[5:])
                fact = cast("dict[str, object]", fastavro.schemaless_reader(value, schema, None))
                found.extend([fact] if naming in str(fact["detail"]) else [])
        return found or None

    try:
        return until(look, "the refusal is stated")
    finally:
        consumer.close()


def test_a_console_producer_hands_in_a_resignation_and_decides_it(
    ems: Ems, broker: Broker, employee: str, tmp_path: Path
) -> None:
    with ems.start():
        console_producer(broker, json.dumps({"employee_id": employee, "risk": "HIGH"}))
        (resigned,) = published(broker, employee, count=1)
        case_id = resigned["ce_subject"]
        envelope = {"type": "decision", "case_id": case_id, "body": {"outcome": "CONFIRMED"}}
        console_producer(broker, f"{employee}|{json.dumps(envelope)}", **{"parse.key": "true", "key.separator": "|"})
        published(broker, employee, count=2)
        headers = f"ems-type:withdrawal,ems-case-id:{case_id},webhook-id:{uuid4()}"
        withdrawal, other = f"{headers}|{employee}|{{}}", f"{employee}-other"
        console_producer(
            broker,
            withdrawal,
            withdrawal,  # sent twice under one id
            f"webhook-id:{uuid4()}|{employee}|{json.dumps({'employee_id': other})}",  # of the same key, so taken later
            **{"parse.headers": "true", "headers.delimiter": "|", "parse.key": "true", "key.separator": "|"},
        )
        records = published(broker, employee, count=3)
        published(broker, other, count=1)

    assert [record["ce_type"].split(".")[2] for record in records] == [
        "EmployeeResigned",
        "ExitConfirmed",
        "ResignationWithdrawn",
    ]
    assert ems.end() == 0
    assert refused(tmp_path) == 0, "what comes again is no second request"


def test_what_cannot_be_taken_is_stated_and_what_follows_is_taken(ems: Ems, broker: Broker, employee: str) -> None:
    unknown = str(uuid4())
    wrong = {"employee_id": "rosa.canary@example.com", "time_zone": unknown}
    with ems.start():
        console_producer(
            broker,
            "no JSON",
            json.dumps(wrong),
            json.dumps({"employee_id": employee}),
            **{"parse.key": "false"},
        )
        published(broker, employee, count=1)
        (unreadable, *_) = refusals(broker, naming="no JSON object")
        (misfit, *_) = refusals(broker, naming="time_zone: ")

    assert unreadable["cause"] == "UNREADABLE"
    assert cast("dict[str, object]", unreadable["position"])["topic"] == TOPIC
    assert misfit["cause"] == "MISFIT"
    assert unknown not in str(misfit)
    assert "canary" not in str(misfit)


def test_a_java_producer_that_sends_the_same_three_times_opens_one_case(
    ems: Ems, broker: Broker, employee: str, tmp_path: Path
) -> None:
    payload = tmp_path / "payload.txt"
    payload.write_text(json.dumps({"employee_id": employee}))
    arguments = ("--num-records", "3", "--throughput", "-1", "--payload-file", str(payload), "--topic", TOPIC)
    where = ("--producer-props", f"bootstrap.servers={broker.bootstrap_servers}", "acks=all")

    with ems.start():
        command = kafka_command(KAFKA.place, f"{TOOLS}.ProducerPerformance", *arguments, *where)
        subprocess.run(command, check=True, timeout=SECONDS, stdout=subprocess.DEVNULL)
        (resigned,) = published(broker, employee, count=1)
        twice = refusals(broker, naming=f"in case {resigned['ce_subject']}")

    assert {fact["cause"] for fact in twice} == {"RULES"}


def test_what_was_sent_while_it_was_killed_is_taken_once(ems: Ems, broker: Broker, tmp_path: Path) -> None:
    run, number = uuid4().hex, 600
    mine = f"e-{run}-%"
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    with ems.start(EMS_INTAKE_BRAKE_COUNT="0"):
        for one in range(number):
            employee = f"e-{run}-{one}"
            producer.produce(TOPIC, json.dumps({"employee_id": employee}), employee)
        producer.flush()
        until(lambda: stored(tmp_path, mine) > number // 10 or None, "some of it is taken")
        ems.end(signal.SIGKILL)
    before = stored(tmp_path, mine)

    with ems.start(EMS_INTAKE_BRAKE_COUNT="0"):
        until(lambda: stored(tmp_path, mine) == number or None, "all of it is taken")
    assert ems.end() == 0

    assert before <= stored(tmp_path, mine) == number


def committed(broker: Broker, offset: Callable[[int, int], int]) -> None:
    """Have the group go on somewhere, as the console tools do; `offset` is told the first and the next offset."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": GROUP, "enable.auto.commit": False})
    places = [TopicPartition(TOPIC, number) for number in range(INTAKE.of("ems").partitions)]
    for place in places:
        place.offset = offset(*consumer.get_watermark_offsets(place, timeout=SECONDS))
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def test_a_topic_that_was_made_anew_stops_nothing_but_what_comes_by_it(ems: Ems, broker: Broker, employee: str) -> None:
    committed(broker, lambda _, end: end + 1_000)  # as if it had held more, before it was deleted
    with ems.start() as intake:
        part = until(lambda: ems.refused("inbox"), "the inbox is refused")
        over_http = intake.resign({"employee_id": employee})
        ems.end()
    committed(broker, lambda _, end: end)  # and a person chooses

    with ems.start():
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
        producer.produce(TOPIC, json.dumps({"employee_id": f"{employee}-2"}))
        producer.flush()
        published(broker, f"{employee}-2", count=1)

    assert all(name in part for name in (GROUP, TOPIC, "made anew", "--reset-offsets", "everything else goes on"))
    assert {record["ce_subject"] for record in published(broker, employee, count=1)} == {str(over_http.case_id)}


def stored(folder: Path, employees: str) -> int:
    with closing(sqlite3.connect(folder / "ems.exits.db")) as database:
        (count,) = database.execute("SELECT count(*) FROM cases WHERE employee_id LIKE ?", [employees]).fetchone()
    return int(count)


def refused(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ems.exits.db")) as database:
        (count,) = database.execute("SELECT count(*) FROM requests WHERE webhook_id LIKE 'ems:refused%'").fetchone()
    return int(count)
