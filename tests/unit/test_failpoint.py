import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
from choreography.failpoint import reach

for turn in range(3):
    reach("before")
    print(turn, flush=True)
    reach("after")
"""


@pytest.mark.parametrize(
    ("named", "turns", "code"),
    [
        ("", "012", 0),
        ("elsewhere", "012", 0),
        ("before", "", -signal.SIGKILL),
        ("after", "0", -signal.SIGKILL),
        ("before:3", "01", -signal.SIGKILL),
        ("after:4", "012", 0),
    ],
)
def test_a_process_dies_where_it_is_told_to_and_nowhere_else(named: str, turns: str, code: int) -> None:
    environment = {**os.environ, "CHOREOGRAPHY_FAIL_AT": named}

    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (ended.stdout.replace("\n", ""), ended.returncode) == (turns, code)
