"""Tests on several workers: what belongs together stays together, and however the run ends, no process is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.child import ROOT
from tests.workers import LONGEST, STATE, together, turn

TESTS = ROOT / "tests"
SECONDS = 150.0
CONFTEST = 'pytest_plugins = ["tests.workers"]'
STARTING = """
import os, signal, sys, time
from pathlib import Path

from infra.local.ports import free_port
from infra.local.process import ProcessSpec, Stage
from infra.local.process_table import ProcessTable
from infra.progress import Silence

def start(state_dir):
    sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
    ports = {"sleeper": free_port()}
    spec = ProcessSpec("sleeper", sleeper, ports, Stage.SERVICES, ready=lambda: True, waits_for="it to sleep")
    table = ProcessTable(state_dir)
    table.start(spec, Silence())
    Path("started-" + str(os.getpid())).write_text(str(table.running()["sleeper"].pid))

"""
WAITS = """
import pytest

@pytest.fixture(scope="session")
def slow():
    yield
    time.sleep(6)  # execnet interrupts a worker for a second time after 5 seconds
    Path("ended-" + str(os.getpid())).touch()

def test_it(slow, state_dir):
    start(state_dir)
    time.sleep(600)
"""
DIES = "def test_it(state_dir):\n    start(state_dir)\n    os.kill(os.getpid(), signal.SIGKILL)\n"


@contextmanager
def run(place: Path, test: str) -> Iterator["subprocess.Popen[str]"]:
    """Run two files with a test each on two workers until the end of the block."""
    (place / "conftest.py").write_text(CONFTEST)
    for name in ("one", "two"):
        (place / f"test_{name}.py").write_text(STARTING + test)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    places = [f"-c{ROOT / 'pyproject.toml'}", f"--rootdir={place}", f"--basetemp={place / 'temporary'}", str(place)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in [name for name in environment if name.startswith("PYTEST_")]:  # of the run that this one is part of
        del environment[name]
    process = subprocess.Popen(
        [*command, *places],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            for worker in psutil.Process(process.pid).children():
                worker.kill()
            process.kill()
        process.communicate()


def sleepers(place: Path) -> list[int]:
    """Return the ids of the processes that the tests have started, live or not."""
    return [int(text) for file in place.glob("started-*") if (text := file.read_text())]


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that has ended, and that nobody has waited for yet, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_an_interrupted_run_every_worker_ends_and_no_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with run(tmp_path, WAITS) as process:
        deadline = time.monotonic() + SECONDS
        while len(sleepers(tmp_path)) < 2:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(number)
        said, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, said
    assert len(list(tmp_path.glob("ended-*"))) == 2
    assert [one for one in sleepers(tmp_path) if lives(one)] == []
    assert list((tmp_path / STATE).glob("*")) == []


def test_what_a_killed_worker_left_behind_is_ended_and_the_run_has_failed(tmp_path: Path) -> None:
    with run(tmp_path, DIES) as process:
        said, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == pytest.ExitCode.TESTS_FAILED, said
    assert "crashed while running" in said
    assert sleepers(tmp_path)
    assert [one for one in sleepers(tmp_path) if lives(one)] == []
    assert list((tmp_path / STATE).glob("*")) == []


def test_tests_that_share_servers_stay_together() -> None:
    assert together(TESTS / "e2e" / "test_demo.py") == together(TESTS / "e2e" / "test_undone.py")
    assert together(TESTS / "integration" / "hr" / "test_hr_calendar.py") == TESTS / "integration" / "hr"
    assert together(TESTS / "unit" / "test_lanes.py") == TESTS / "unit" / "test_lanes.py"


def test_what_takes_long_begins_first() -> None:
    folders = sorted((one for one in TESTS.glob("*/") if one.name != "__pycache__"), key=lambda one: turn(one / "a.py"))

    assert tuple(one.name for one in folders[: len(LONGEST)]) == LONGEST
