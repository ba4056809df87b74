"""The stack from outside: put up, killed in part, interrupted, taken down; its data stays."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryClient

from infra.endpoints import Endpoints
from infra.errors import Unreachable
from infra.local.process_table import ProcessTable
from infra.local.stack import Stack

pytestmark = pytest.mark.broker

KEYS = {
    "kafka",
    "registry",
    "intake",
    "webhook_secret",
    "smtp",
    "maildir",
    "imap",
    "caldav",
    "scim",
    "scim_token",
    "pids",
}
_ROOT, _NOBODY = os.geteuid() == 0, 65534
PROCESSES = {"kafka", "registry", "smtp", "imap", "caldav", "scim", "producers.ems"}
PROCESSES |= {"consumers.notification", "consumers.hr", "consumers.access"}


@pytest.fixture
def place(state_dir: Path, broker: object) -> Iterator[Path]:
    """A state directory of this test; `broker` says whether there can be one at all."""
    del broker
    directory = state_dir / f"stack-{uuid4().hex[:8]}"
    directory.mkdir()
    yield directory
    ProcessTable(directory).stop(grace=0.0)


def test_whatever_a_tool_needs_to_know_is_written_down_for_its_owner_alone(stack: Stack) -> None:
    file = stack.state_dir / "endpoints.json"
    written = json.loads(file.read_text())

    assert written.keys() >= KEYS
    assert written["pids"].keys() >= PROCESSES
    assert written["registry"].endswith("/apis/ccompat/v7")
    assert written["webhook_secret"].startswith("whsec_")
    for private in (file, stack.state_dir / "env", stack.state_dir / "secrets.json"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600, private.name


def test_every_process_is_ready_and_all_together_are_small(stack: Stack) -> None:
    rows = stack.status()

    assert {row.name for row in rows} >= PROCESSES
    assert [row.name for row in rows if not row.ready] == []
    assert sum(row.resident_bytes for row in rows) < 1.3e9


def test_a_service_that_was_killed_comes_back_alone_and_where_it_was(stack: Stack) -> None:
    before = {row.name: row for row in stack.status()}
    stack.kill("consumers.hr")

    started = stack.start_missing()

    after = {row.name: row for row in stack.status()}
    assert started == ("consumers.hr",)
    assert after["consumers.hr"].pid != before["consumers.hr"].pid
    assert after["consumers.hr"].port == before["consumers.hr"].port
    assert {name for name, row in after.items() if row.pid != before[name].pid} == {"consumers.hr"}
    assert stack.endpoints.pids["consumers.hr"] == after["consumers.hr"].pid
    assert stack.start_missing() == ()


def test_a_service_started_by_hand_needs_nothing_but_the_state_directory(stack: Stack) -> None:
    stack.kill("consumers.notification")
    environment = {**os.environ, "EMS_STATE_DIR": str(stack.state_dir)}

    by_hand = subprocess.Popen(
        [sys.executable, "-m", "consumers.notification"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert by_hand.stdout is not None
    said = next((line for line in by_hand.stdout if "service.started" in line), "")
    by_hand.terminate()
    rest = by_hand.communicate(timeout=30)[0]
    stack.start_missing()

    assert "ems.notification" in said, rest
    assert by_hand.returncode == 0


def test_records_and_schema_ids_survive_kill_9_and_a_stop(place: Path) -> None:
    stack, topic = Stack(place), f"test.{uuid4().hex}.v1"
    before = stack.up(only_platform=True)
    _write(before.kafka, topic)
    ids = _schema_ids(before.registry)

    stack.kill("kafka")
    stack.kill("registry")
    after_kill = stack.up(only_platform=True)
    stack.down()
    with pytest.raises(Unreachable, match="make up"):
        Endpoints.read(place)
    after_stop = Stack(place).up(only_platform=True)

    assert (before.kafka, before.registry) == (after_kill.kafka, after_kill.registry)
    assert (before.kafka, before.registry) == (after_stop.kafka, after_stop.registry)
    assert before.webhook_secret == after_stop.webhook_secret
    assert _read(after_stop.kafka, topic) == b"kept"
    assert _schema_ids(after_stop.registry) == ids
    assert stack.down() == ("registry", "kafka")
    assert stack.down() == ()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_start_says_one_line_and_leaves_no_process(place: Path, number: signal.Signals) -> None:
    moment: dict[signal.Signals, Callable[[], bool]] = {
        signal.SIGINT: lambda: (place / "kafka" / "format.properties").exists(),
        signal.SIGTERM: lambda: "registry" in ProcessTable(place).running(),
        signal.SIGHUP: lambda: "scim" in ProcessTable(place).running(),
    }
    command = _ems("up", place)
    _until(moment[number])
    command.send_signal(number)

    said, errors = command.communicate(timeout=60)

    assert command.returncode == 130, errors
    assert errors.splitlines()[-1] == f"Interrupted by {number.name}."
    assert "Traceback" not in errors
    assert said == ""
    assert ProcessTable(place).running() == {}
    assert _processes_of(place) == []


def test_a_start_that_was_killed_is_finished_by_the_next_one(place: Path) -> None:
    command = _ems("up", place, "--platform-only")
    _until(lambda: "kafka" in ProcessTable(place).running())
    command.kill()
    command.communicate(timeout=60)

    endpoints = Stack(place).up(only_platform=True)

    assert set(endpoints.pids) == {"kafka", "registry"}
    assert Stack(place).down() == ("registry", "kafka")
    assert _processes_of(place) == []


def test_a_system_in_a_directory_of_any_name_is_for_its_owner_alone_and_known_to_the_next_terminal(
    place: Path, free_port: int
) -> None:
    awkward = place / "ö, a\\b;c'd%e#f $g"
    own = {"EMS_CALDAV_URL": f"http://127.0.0.1:{free_port}/"}

    up = subprocess.run(
        ["sh", "-c", 'umask 000; exec "$@"', "sh", sys.executable, "-m", "infra.cli.main", "up"],
        env={**os.environ, **own, "EMS_STATE_DIR": str(awkward)},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        endpoints = Endpoints.read(awkward)
        commands = [" ".join(psutil.Process(pid).cmdline()) for pid in endpoints.pids.values()]
        people = httpx2.get(f"{endpoints.scim}/Users", headers={"Authorization": f"Bearer {endpoints.scim_token}"})
        status = _ems("status", awkward, "--output", "json")
        rows = json.loads(status.communicate(timeout=60)[0])
        open_to_others = [str(one) for one in (awkward, *awkward.rglob("*")) if one.lstat().st_mode & 0o077]
        stranger = subprocess.run(["ls", awkward], user=_NOBODY, capture_output=True, check=False) if _ROOT else None
    finally:
        down = _ems("down", awkward, "--output", "json")
        ended = json.loads(down.communicate(timeout=60)[0])["ended"]
        ProcessTable(awkward).stop(grace=0.0)

    assert up.returncode == 0, up.stderr
    assert "  Yours   calendars (EMS_CALDAV_URL)\n  Sandbox mail system, look-up of mails, directory\n" in up.stdout
    assert open_to_others == []
    assert stranger is None or stranger.returncode != 0
    assert not [one for one in commands if endpoints.scim_token in one or endpoints.webhook_secret in one]
    assert people.json()["totalResults"] > 30
    assert status.returncode == 0, rows
    assert set(ended) == {row["name"] for row in rows} == PROCESSES - {"caldav"}


def test_programs_are_told_how_it_stands_by_exit_code_and_json(stack: Stack, tmp_path: Path) -> None:
    running = _ems("status", stack.state_dir, "--output", "json")
    rows = json.loads(running.communicate(timeout=60)[0])
    nothing = _ems("status", tmp_path / "nowhere")
    errors = nothing.communicate(timeout=60)[1]
    misused = _ems("up", tmp_path / "nowhere", "--port", "kafka")
    usage = misused.communicate(timeout=60)[1]

    assert (running.returncode, nothing.returncode, misused.returncode) == (0, 3, 2)
    assert {row["name"] for row in rows if row["ready"]} >= PROCESSES
    assert errors == "Nothing is running here. Start it with: make up\n"
    assert usage == "--port kafka is not understood. Write the process and its port: --port kafka=9092\n"
    assert not (tmp_path / "nowhere").exists()


def _ems(verb: str, place: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.cli.main", verb, *arguments]
    environment = {**os.environ, "EMS_STATE_DIR": str(place)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _processes_of(place: Path) -> list[str]:
    """Return the command lines of living processes that name a directory, whoever wrote them down."""
    lines = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            environment = process.environ()
        except psutil.Error:
            continue
        if process.pid != os.getpid() and str(place) in f"{line} {environment}":
            lines.append(line)
    return lines


def _write(bootstrap_servers: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    producer.produce(topic, value=b"kept")
    assert producer.flush(30) == 0


def _read(bootstrap_servers: str, topic: str) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    record = consumer.poll(30)
    consumer.close()
    assert record is not None
    return record.value()


def _schema_ids(url: str) -> dict[str, int | None]:
    registry = SchemaRegistryClient({"url": url, "timeout": 30})
    ids = {subject: registry.get_latest_version(subject).schema_id for subject in registry.get_subjects()}
    registry.close()
    assert ids
    return ids


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "not within 30 seconds"
        time.sleep(0.02)
