"""Crash histories of the real runtime: whatever dies, wakes, gets lost or is repeated, the checker finds nothing."""

import signal
import subprocess
from collections.abc import Callable
from time import monotonic, sleep

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.fault import FAULTS
from tests.simulation.kept import KEPT
from tests.simulation.plan import SERVICES, STORIES, Fault, Plan, Submission
from tests.simulation.run import live
from tests.simulation.simulating import SIMULATION, simulation

HISTORIES = 1_500  # the rarest of the planted bugs is found within 125; `make simulate` lives as many as one likes
_STEPS = 500


@pytest.mark.timeout(1_800)
def test_nothing_is_lost_and_nothing_happens_twice_in_thousands_of_crash_histories() -> None:
    run = simulation("--histories", str(HISTORIES))

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{HISTORIES:,} histories" in run.stdout


def test_no_history_that_found_something_once_finds_it_again() -> None:
    run = simulation("--kept")

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("plan", KEPT.values(), ids=KEPT)
def test_no_kept_history_shows_again_what_it_showed_once(plan: Plan) -> None:
    assert live(plan).anomalies == ()


def test_a_seed_always_means_the_same_history() -> None:
    first, again = simulation("--seed", "7", "--trace"), simulation("--seed", "7", "--trace")

    assert first.stdout == again.stdout
    assert "is submitted" in first.stdout


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw small histories, which shrink to the few events and faults that matter."""
    service = draw(st.sampled_from(SERVICES))
    stories = [draw(st.sampled_from(STORIES[service])) for _ in range(draw(st.integers(1, 2)))]
    keys = [draw(st.integers(0, 1)) for _ in stories]
    if len(set(keys)) < len(keys):  # nobody departs in one case while another one of theirs is open
        stories = [tuple(kind for kind in story if kind != "EmployeeDeparted") for story in stories]
    pauses = st.sampled_from((0.0, 0.0, 1.0, 20.0))
    submissions = tuple(
        Submission(draw(pauses), story, keys[story], kind, version, twice=draw(st.booleans()))
        for story, kinds in enumerate(stories)
        for version, kind in enumerate(kinds, 1)
    )
    faults = st.builds(
        Fault,
        step=st.integers(0, _STEPS),
        kind=st.sampled_from(sorted(FAULTS)),
        who=st.integers(0, 3),
        amount=st.floats(0.0, 1.0, exclude_max=True),
    )
    drawn = draw(st.lists(faults, max_size=4))
    return Plan(
        seed=draw(st.integers(0, 2**32)),
        service=service,
        members=draw(st.integers(1, 2)),
        partitions=draw(st.integers(1, 2)),
        gaps=draw(st.sampled_from((0.0, 0.3))),
        outbox=draw(st.booleans()),
        backlog=draw(st.integers(0, len(submissions))),
        submissions=submissions,
        faults=tuple(sorted(drawn, key=lambda fault: fault.step)),
    )


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(plans())
def test_no_small_history_shows_what_must_not_be(plan: Plan) -> None:
    assert live(plan).anomalies == ()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(number: signal.Signals) -> None:
    run = subprocess.Popen([*SIMULATION, "--processes", "2", "--histories", "5000"], stdout=subprocess.DEVNULL)
    started = psutil.Process(run.pid)
    _until(lambda: len(_workers(started)) == 2)
    workers = _workers(started)

    run.send_signal(number)
    run.wait(60)

    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def _workers(run: psutil.Process) -> list[psutil.Process]:
    return [one for one in run.children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]


def _until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + 60
    while not condition():
        assert monotonic() < deadline, "not within a minute"
        sleep(0.05)
