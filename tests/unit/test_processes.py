"""Processes of a stack: started, written down, found again, ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import psutil
import pytest

from infra.errors import Interrupted, Refused
from infra.interruption import interruptible, shielded
from infra.local.own_directory import own_directory
from infra.local.ports import Ports, free_port
from infra.local.process import ProcessSpec, Running, Stage
from infra.local.process_table import GRACE, ProcessFailed, ProcessTable
from infra.progress import Silence

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Said:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    download = Silence.download


def spec(name: str, code: str = SLEEP, stage: Stage = Stage.SERVICES) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-c", code),
        ports={name: free_port()},
        stage=stage,
        ready=lambda: True,
        waits_for=f"{name} to sleep",
    )


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path)
    yield table
    table.stop(grace=0.0)


def test_a_process_outlives_the_command_that_started_it_and_is_found_by_the_next_one(
    table: ProcessTable, tmp_path: Path
) -> None:
    table.start_missing([spec("sleeper")], Silence())

    found = ProcessTable(tmp_path).running()

    assert list(found) == ["sleeper"]
    assert psutil.pid_exists(found["sleeper"].pid)
    assert os.getpgid(found["sleeper"].pid) != os.getpgid(os.getpid()), "Ctrl-C in the terminal must not reach it"


def test_a_second_start_starts_only_what_is_missing(table: ProcessTable) -> None:
    specs = [spec("first"), spec("second")]
    table.start_missing(specs, Silence())
    table.await_ready(specs, Silence())
    before = table.running()["first"].pid
    table.kill("second")

    started = table.start_missing(specs, Silence())

    assert started == ("second",)
    assert table.running()["first"].pid == before


def test_a_stranger_with_a_remembered_process_id_is_never_ended(table: ProcessTable, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    table.start_missing([spec("sleeper")], Silence())
    table.stop(["sleeper"])
    note = {"name": "sleeper", "pid": stranger.pid, "started": 1.0, "stage": 2, "port": 1, "log": "x", "settled": True}
    (tmp_path / "processes.json").write_text(json.dumps([note]))

    ended = table.stop()

    assert ended == ()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_what_a_killed_run_left_half_started_is_ended_before_anything_is_started(tmp_path: Path) -> None:
    run = f"""
from infra.local.process_table import ProcessTable
from infra.progress import Silence
from pathlib import Path
from tests.unit.test_processes import spec
import os
ProcessTable(Path({str(tmp_path)!r})).start_missing([spec("sleeper")], Silence())
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", run], check=False, cwd=Path(__file__).parents[2])
    table = ProcessTable(tmp_path)
    left = table.running()["sleeper"]
    said = Said()

    table.start_missing([spec("sleeper")], said)

    assert not left.alive
    assert said.sentences == ["Ending sleeper, left half-started by a run that was killed."]
    assert table.stop(grace=0.0) == ("sleeper",)


def test_a_process_that_ends_while_it_starts_is_reported_with_its_last_words(table: ProcessTable) -> None:
    failing = replace(spec("failing", "raise SystemExit('the disk is full')"), ready=lambda: False)
    table.start(failing, Silence())

    with pytest.raises(ProcessFailed, match=r"failing ended while it was starting(.|\n)*the disk is full"):
        table.await_ready([failing], Silence())


def test_a_process_that_is_never_ready_is_given_up_after_its_time_limit(table: ProcessTable) -> None:
    slow = replace(spec("slow"), ready=lambda: False, time_limit=0.1)
    table.start(slow, Silence())

    with pytest.raises(ProcessFailed, match="slow was not ready within 0 seconds"):
        table.await_ready([slow], Silence())


def test_a_program_that_is_not_there_is_named(table: ProcessTable) -> None:
    with pytest.raises(ProcessFailed, match=r"cannot be started: No such file or directory \(/nowhere/java\)"):
        table.start(replace(spec("java"), argv=("/nowhere/java",)), Silence())


def test_a_taken_port_is_refused_with_a_way_out(table: ProcessTable) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"Port {port}, which web needs, is taken.*ems up --port web=PORT"):
            table.start(replace(spec("web"), ports={"web": port}), Silence())

    assert table.running() == {}


def test_a_process_that_ignores_the_request_to_end_is_killed_after_the_grace(table: ProcessTable) -> None:
    table.start(spec("stubborn", STUBBORN), Silence())
    running = table.running()["stubborn"]
    _until(lambda: "up" in running.log.read_text())

    table.stop(grace=0.2)

    assert not running.alive


def test_services_end_before_what_they_need(table: ProcessTable, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    note = "import signal, sys, time\ndef end(*_):\n open({!r}, 'a').write({!r}); sys.exit(0)\nsignal.signal(15, end)\n"
    ready = "print('up', flush=True)\ntime.sleep(60)"
    for name, stage in (("service", Stage.SERVICES), ("broker", Stage.PLATFORM), ("server", Stage.SANDBOX)):
        table.start(spec(name, note.format(str(ends), f"{name} ") + ready, stage), Silence())
    _until(lambda: all("up" in running.log.read_text() for running in table.running().values()))

    table.stop()

    assert ends.read_text().split() == ["service", "server", "broker"]


def test_settings_of_ours_reach_a_process_by_its_specification_alone(
    table: ProcessTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMS_SMTP_HOST", "another stack's")
    code = "import os, time\nprint({k: v for k, v in os.environ.items() if 'EMS_' in k}, flush=True)\ntime.sleep(60)"
    table.start(replace(spec("printer", code), environment={"EMS_SCIM_URL": "its own"}), Silence())
    log = table.running()["printer"].log

    _until(lambda: "}" in log.read_text())

    assert log.read_text().strip() == "{'EMS_SCIM_URL': 'its own'}"


def test_ports_are_remembered_and_a_given_one_replaces_a_remembered_one(tmp_path: Path) -> None:
    first = Ports(tmp_path).of("web")

    assert Ports(tmp_path).of("web") == first
    assert Ports(tmp_path, {"web": 8080}).of("web") == 8080
    assert Ports(tmp_path).of("web") == 8080


def test_a_directory_of_a_run_ends_with_it(tmp_path: Path) -> None:
    with own_directory(tmp_path, Silence()) as directory:
        table = ProcessTable(directory / "stack")
        table.start(spec("sleeper"), Silence())
        running = table.running()["sleeper"]

    assert not running.alive
    assert not directory.exists()


def test_what_a_killed_owner_left_is_ended_and_removed_by_the_next_run(tmp_path: Path) -> None:
    left = tmp_path / "1-1.00"  # process 1 lives, but did not start in 1970
    table = ProcessTable(left)
    table.start(spec("sleeper"), Silence())
    running = table.running()["sleeper"]
    said = Said()

    with own_directory(tmp_path, said):
        pass

    assert not running.alive
    assert not left.exists()
    assert said.sentences == ["Ended what a killed run had left behind: sleeper."]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_leaves_neither_process_nor_directory(tmp_path: Path, number: signal.Signals) -> None:
    left: list[Running] = []

    with pytest.raises(Interrupted, match=number.name), interruptible():
        _run_until(tmp_path / "runs", SLEEP, left, lambda: signal.raise_signal(number))

    assert ([one.alive for one in left], list(tmp_path.iterdir())) == ([False], [])


def test_a_second_interruption_does_not_wait_for_what_will_not_end(tmp_path: Path) -> None:
    left: list[Running] = []
    again = Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))  # later than an echo of the first

    def interrupt() -> None:
        _until(lambda: "up" in left[0].log.read_text())
        again.start()
        signal.raise_signal(signal.SIGTERM)

    begun = time.monotonic()
    with pytest.raises(Interrupted), interruptible():
        _run_until(tmp_path / "runs", STUBBORN, left, interrupt)
    again.join()

    assert time.monotonic() - begun < GRACE - 1
    assert ([one.alive for one in left], list(tmp_path.iterdir())) == ([False], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_request_to_stop_is_understood_alike(number: signal.Signals) -> None:
    with pytest.raises(Interrupted, match=number.name), interruptible():
        signal.raise_signal(number)


def test_lines_that_must_not_be_cut_in_two_are_finished_first() -> None:
    written_down: list[str] = []

    def start_a_process() -> None:
        with shielded():
            signal.raise_signal(signal.SIGTERM)
            written_down.append("sleeper")

    with pytest.raises(Interrupted), interruptible():
        start_a_process()

    assert written_down == ["sleeper"]


def _run_until(parent: Path, code: str, left: list[Running], interrupt: Callable[[], None]) -> None:
    with own_directory(parent, Silence()) as own:
        table = ProcessTable(own)
        table.start(spec("one", code), Silence())
        left.append(table.running()["one"])
        interrupt()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not within 10 seconds"
        time.sleep(0.01)
