"""What a replay finds finished before anything is decoded is never done again, and nothing else is left out."""

import os
import subprocess
import sys

import pytest


@pytest.mark.timeout(600)
def test_a_replay_that_asks_the_ledger_first_does_nothing_twice_and_leaves_nothing_out() -> None:
    command = [sys.executable, "-m", "tests.simulation.asked_first"]

    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})

    assert run.returncode == 0, run.stdout + run.stderr
