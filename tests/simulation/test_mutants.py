"""Every bug that can be planted is found: what is silent about the runtime is not blind."""

import os
import subprocess
import sys

import pytest

from tests.simulation.mutants import MUTANTS, Mutant


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    """In a process of its own, where a seed means the same each time."""
    command = [sys.executable, "-m", "tests.simulation.mutants", mutant.name]

    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})

    assert run.returncode == 0, run.stdout + run.stderr
    _, found, _ = run.stdout.splitlines()[-1].strip("| ").split(" | ")
    assert found in mutant.shows


def test_every_bug_that_the_design_names_is_planted() -> None:
    assert [one.name for one in MUTANTS] == [
        "commit the highest instead of the prefix",
        "offset + 1",
        "no ledger",
        "record only after the effect",
        "no If-Match",
        "no claim",
        "no look-ahead",
        "SKIPPED although begun",
        "decided overwritten",
        "rows with a record not loaded",
        "idle partitions without a begin position",
        "two active relays",
    ]
