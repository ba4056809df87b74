"""Every bug that can be planted is found: what is silent about the runtime is not blind."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.judging import quiet
from tests.simulation.mutants import MOST, MUTANTS, Mutant, hunt


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """The log of a runtime with a bug is of no interest."""
    quiet()
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=[one.name for one in MUTANTS])
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    end = hunt(mutant, MOST)

    assert end.found is not None, f"{mutant.name}: {MOST} histories show nothing of {sorted(mutant.shows)}."
    assert end.found.name in mutant.shows
    assert end.found.witness


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
