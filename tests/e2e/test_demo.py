"""The demo as somebody watches it: at a pipe, on a terminal, closed, and with processes dying under it."""

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


def test_a_terminal_that_is_closed_takes_everything_with_it(place: Path) -> None:
    with Terminal(place) as terminal:
        until(lambda: "registry" in terminal.running())
        terminal.hang_up()
        code = terminal.rest()

    assert code == 130
    assert terminal.leftovers() == []
    assert list(place.iterdir()) == []
