"""What a replay finds finished before anything is decoded is never done again, and nothing else is left out."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.asked_first import judged_asking_first, plan_with_resets
from tests.simulation.judging import quiet

HISTORIES = 100


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """The log of many histories is of no interest."""
    quiet()
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(600)
def test_a_replay_that_asks_the_ledger_first_does_nothing_twice_and_leaves_nothing_out() -> None:
    found = {seed: judged_asking_first(plan_with_resets(seed)) for seed in range(HISTORIES)}

    assert {seed: anomalies for seed, anomalies in found.items() if anomalies} == {}
