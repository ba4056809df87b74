"""Every bug that can be planted is found: what is silent about the runtime is not blind."""

import os
import subprocess
import sys

import pytest

from tests.simulation.mutants import MUTANTS, Mutant


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    """As what each mutant was found, looked for in a process of its own, where a seed means the same each time."""
    command = [sys.executable, "-m", "tests.simulation.mutants"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})
    rows = [line.strip("| ").split(" | ") for line in run.stdout.splitlines()[2:]]
    assert len(rows) == len(MUTANTS), run.stdout + run.stderr
    return {name: found for name, found, _ in rows}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_a_planted_bug_is_found(table: dict[str, str], mutant: Mutant) -> None:
    assert table[mutant.name] in mutant.shows


def test_every_bug_that_the_design_names_is_planted() -> None:
    assert [one.name for one in MUTANTS] == [
        "commit the highest instead of the prefix",
        "offset + 1",
        "no ledger",
        "record only after the effect",
        "no If-Match",
        "no claim",
        "cancelled without a tombstone",
        "no look-ahead",
        "SKIPPED although begun",
        "decided overwritten",
        "rows with a record not loaded",
        "idle partitions without a begin position",
        "two active relays",
    ]
