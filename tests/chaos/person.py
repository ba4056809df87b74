"""The person on duty: releases what is held and lets a braked service go on, by the system's own command line.

What waits for HR, because its case is restricted, is released too: so that also that way is gone under faults.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any, Final

from infra.endpoints import STATE_DIR
from tests.chaos.diary import Diary
from tests.chaos.rest import Databases
from tests.e2e.progress import GROUPS

_EVERY: Final = 5.0  # seconds between two looks
_SECONDS: Final = 60.0
_RELEASED: Final = ("FAILED", "RESTRICTED")
_HELD: Final = "SELECT 1 FROM ledger WHERE state = 'HELD' AND ordered IS NULL AND hold_reason = ? LIMIT 1"
_BRAKED: Final = "SELECT 1 FROM brake LIMIT 1"


class PersonOnDuty:
    """Looks at every service from time to time.

    Args:
        state_dir: of the system.
        databases: looked at first, since the command line takes a second to start.
        diary: is told what was released.
    """

    def __init__(self, state_dir: Path, databases: Databases, diary: Diary) -> None:
        self._state_dir = state_dir
        self._databases = databases
        self._diary = diary
        self._next = 0.0

    def look(self) -> None:
        """Release what a person may, and let go on what has braked; not more often than every few seconds."""
        if monotonic() < self._next:
            return
        self._next = monotonic() + _EVERY
        for group in GROUPS:
            for reason in _RELEASED:
                if self._databases.rows(group, _HELD, reason):
                    self._release(group, reason)
            if self._databases.has_table(group, "brake") and self._databases.rows(group, _BRAKED):
                self._ems("resume", "--group", group)
                self._diary.note("resume", group)

    def _release(self, group: str, reason: str) -> None:
        said = self._ems("held", "release", "--group", group, "--reason", reason, "--execute", "--output", "json")
        for effect in said.get("ordered", ()):
            self._diary.note("release", group, effect)

    def _ems(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            (sys.executable, "-m", "infra.cli.main", *arguments),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, STATE_DIR: str(self._state_dir)},
        )
        if done.returncode:
            self._diary.note("refused", " ".join(arguments), done.stderr.strip()[-300:])
            return {}
        try:
            return dict(json.loads(done.stdout))
        except ValueError:
            return {}
