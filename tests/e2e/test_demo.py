"""The demo as somebody watches it: at a pipe, on a terminal, interrupted, and with processes dying under it."""

import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from infra.local.stack import Stack
from tests import readme
from tests.e2e.demo import PROCESSES, Demo, Terminal, run_anywhere, until

LINES, COLUMNS = 50, 80
AGAIN = "died and was started again"


@pytest.fixture
def place(state_dir: Path, stack: Stack) -> Path:
    """The state directory of a demo, beside the system that runs already."""
    del stack
    return state_dir / f"demo-{uuid4().hex[:8]}"


@pytest.mark.timeout(300)
def test_the_story_is_the_one_in_the_readme_even_if_processes_are_killed_meanwhile(place: Path, stack: Stack) -> None:
    with Demo(place) as demo:
        demo.read_to("Jonas Brandt (E1014)")
        demo.kill("kafka")
        demo.read_to("Amara Okafor (E1023)")
        demo.read_to("202 after")
        demo.kill("consumers.access")
        code = demo.rest()

    told = [line for line in demo.lines if not line.endswith(AGAIN)]
    assert code == 0, "\n".join(demo.lines)
    assert {line for line in demo.lines if line.endswith(AGAIN)} == {f"kafka {AGAIN}", f"consumers.access {AGAIN}"}
    assert readme.shape("\n".join(told)) == readme.shape(readme.demo_output())
    assert len(told) <= LINES
    assert max(map(len, told)) <= COLUMNS
    assert "\x1b" not in "".join(demo.lines)
    assert demo.leftovers() == []
    assert list(place.iterdir()) == []
    assert {row.name for row in stack.status() if row.ready} >= PROCESSES


@pytest.mark.timeout(300)
def test_on_a_terminal_it_keeps_running_and_every_command_that_it_offers_works_as_it_stands(place: Path) -> None:
    with Terminal(place) as terminal:
        terminal.read_to("Enter stops everything.")
        groups, facts, case, *_ = terminal.commands()
        assert "ems.access" in run_anywhere(groups)
        assert "ce_type:ems.access.CriticalAccessRevoked.v1" in run_anywhere(facts)
        assert "WITHDRAWN" in run_anywhere(case)
        terminal.type("\n")
        code = terminal.rest()

    assert code == 0
    assert "All 15 proofs hold" in terminal.said
    assert terminal.leftovers() == []
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, lambda demo: "registry" in demo.running()),
        (signal.SIGHUP, lambda demo: "scim" in demo.running()),
        (signal.SIGTERM, lambda demo: "consumers.notification" in demo.running()),
    ],
)
def test_interrupted_at_any_moment_it_says_one_line_and_leaves_nothing(
    place: Path, number: signal.Signals, moment: Callable[[Demo], bool]
) -> None:
    with Demo(place) as demo:
        until(lambda: moment(demo))
        demo.process.send_signal(number)
        code = demo.rest()

    assert code == 130
    assert demo.errors.splitlines()[-1] == f"Interrupted by {number.name}."
    assert "Traceback" not in demo.errors
    assert demo.leftovers() == []
    assert list(place.iterdir()) == []


def test_an_interrupted_download_leaves_nothing_either(place: Path, tmp_path: Path) -> None:
    with Demo(place, EMS_CACHE_DIR=str(tmp_path), EMS_MAVEN_REPOSITORY="http://192.0.2.1/nobody/answers/here") as demo:
        until(lambda: "downloading 159 MB" in demo.errors)
        demo.process.send_signal(signal.SIGINT)
        code = demo.rest()

    assert code == 130
    assert demo.errors.splitlines()[-1] == "Interrupted by SIGINT."
    assert [file.name for file in tmp_path.rglob("*") if not file.name.endswith(".lock")] == []
    assert list(place.iterdir()) == []


def test_a_second_interruption_does_not_wait_for_what_will_not_end(place: Path) -> None:
    with Demo(place) as demo:
        until(lambda: "smtp" in demo.running() and "listens" in demo.running()["smtp"].log.read_text())
        demo.running()["smtp"].signal(signal.SIGSTOP)  # it would be waited for a long time
        demo.process.send_signal(signal.SIGINT)
        with pytest.raises(AssertionError, match="not within"):
            until(lambda: demo.process.poll() is not None, seconds=2)
        demo.process.send_signal(signal.SIGINT)
        until(lambda: demo.process.poll() is not None, seconds=5)

    assert demo.rest() == 130
    assert demo.errors.splitlines()[-1] == "Interrupted by SIGINT."
    assert demo.leftovers() == []
    assert list(place.iterdir()) == []


def test_a_terminal_that_is_closed_takes_everything_with_it(place: Path) -> None:
    with Terminal(place) as terminal:
        until(lambda: "registry" in terminal.running())
        terminal.hang_up()
        code = terminal.rest()

    assert code == 130
    assert terminal.leftovers() == []
    assert list(place.iterdir()) == []
