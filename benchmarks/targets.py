"""When effects reached their targets, read from what the targets themselves wrote to the disk.

A mail: when its file in the Maildir was written, before it is accepted. An interview: when the entry's file in the
calendar was written. Critical access: the time in the directory's journal at which a critical group was written
without the person. All clocks are this machine's. Nobody polls, so a time is exact to what a file system keeps.
"""

import json
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Literal

from benchmarks.company import CRITICAL_GROUPS

Effect = Literal["mail", "interview", "access"]
EFFECTS: Final[tuple[Effect, ...]] = ("mail", "interview", "access")
Times = dict[str, int]
"""Nanoseconds since 1970, by employee id."""

# in the language of whoever reads it, and perhaps folded
_CASE: Final = re.compile(rb"^Subject:[^\0]{1,200}?\((?:case|Vorgang)\s+([0-9a-f]{8})\)", re.MULTILINE)
_POLL: Final = 0.5  # seconds; nothing is timed by it


class Targets:
    """The targets of the sandbox, as its state directory holds them.

    Args:
        sandbox: the folder of the sandbox in the state directory.
        employees: the employee ids, by the directory's own ids.
    """

    def __init__(self, sandbox: Path, employees: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._employees = employees

    def await_all(self, cases: dict[str, str], since: int, seconds: float) -> dict[Effect, Times]:
        """Return when each effect of these cases happened, once all have or the time is over.

        Args:
            cases: employee ids by case id.
            since: what happened before counts as never; nanoseconds since 1970.
            seconds: how long to wait for the last one.
        """
        deadline = monotonic() + seconds
        while True:
            found: dict[Effect, Times] = {
                "mail": self._mails(cases),
                "interview": self._interviews(cases),
                "access": self._blocks(cases.values(), since),
            }
            if monotonic() > deadline or all(len(times) == len(cases) for times in found.values()):
                return found
            sleep(_POLL)

    def _mails(self, cases: dict[str, str]) -> Times:
        by_ending = {case[-8:]: employee for case, employee in cases.items()}
        times: Times = {}
        for file in self._files("maildir/new/*", "maildir/cur/*"):
            named = _CASE.search(file.read_bytes())
            employee = by_ending.get(named[1].decode()) if named else None
            if employee is not None:
                times[employee] = file.stat().st_mtime_ns
        return times

    def _interviews(self, cases: dict[str, str]) -> Times:
        files = {file.stem: file for file in self._files("calendars/collection-root/*/calendar/interview-*.ics")}
        return {
            employee: files[f"interview-{case}"].stat().st_mtime_ns
            for case, employee in cases.items()
            if f"interview-{case}" in files
        }

    def _blocks(self, wanted: Collection[str], since: int) -> Times:
        journal = (self._sandbox / "directory.jsonl").read_text(encoding="utf-8").splitlines()
        removals = _removals(json.loads(line) for line in journal)
        times = {self._employees.get(member, ""): at for member, at in removals if at >= since}
        return {employee: at for employee, at in times.items() if employee in wanted}

    def _files(self, *patterns: str) -> list[Path]:
        return [file for pattern in patterns for file in self._sandbox.glob(pattern)]


def nanoseconds(written: str) -> int:
    """Return a moment that is written in ISO 8601 as nanoseconds since 1970, exact to the microsecond."""
    return round(datetime.fromisoformat(written).timestamp() * 1_000_000) * 1_000


def _removals(journal: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return who was taken out of a critical group, and when."""
    members: dict[str, set[str]] = {}
    removals = []
    for entry in journal:
        resource = entry["resource"]
        if entry["type"] != "Group" or resource.get("displayName") not in CRITICAL_GROUPS:
            continue
        now = {member["value"] for member in resource.get("members") or ()}
        at = nanoseconds(entry["at"])
        removals += [(gone, at) for gone in members.get(entry["id"], set()) - now]
        members[entry["id"]] = now
    return removals
