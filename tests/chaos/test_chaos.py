"""A small dose: every kind of process dies while people resign, and the checker finds nothing lost and nothing doubled.

The large one is run by hand: `make chaos`.
"""

import os
from pathlib import Path

import pytest

from infra.local.download import DownloadFailed
from tests.chaos.outcome import Dose, Outcome
from tests.chaos.progress import Telling
from tests.chaos.run import Run
from tests.chaos.table import kills_by_process, table
from tests.checker.__main__ import as_text

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

DOSE = Dose(kills=8, events=140, seed=20, rate=7.0, rarer=0.5, patience=90, brief=True)


@pytest.fixture(scope="module")
def outcome(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("history")
    try:
        return Run(state_dir / "chaos", folder, DOSE, Telling()).go()
    except DownloadFailed as reason:
        if os.environ.get("CI"):
            pytest.fail(f"There is no broker, and this is CI. {reason}", pytrace=False)
        pytest.skip(str(reason))


def test_everything_comes_to_rest_once_the_faults_have_stopped(outcome: Outcome) -> None:
    assert not outcome.missing, table(outcome, "")


def test_nothing_is_lost_and_nothing_happens_twice(outcome: Outcome) -> None:
    assert outcome.accepted >= DOSE.events
    assert not outcome.anomalies, as_text(outcome.history, outcome.anomalies)


def test_that_was_in_spite_of_everything(outcome: Outcome) -> None:
    diary = outcome.diary

    assert diary.total("kill") >= DOSE.kills
    assert kills_by_process(outcome)["kafka"] >= 1
    assert diary.total("pause") >= 1
    assert diary.total("join") >= 1
    assert {target for target, _ in diary.counts("fault")} >= {"smtp", "scim writes", "caldav writes", "intake"}
