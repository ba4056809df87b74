"""`processes.json`: what runs in a state directory, written down so that any later command finds it."""

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.atomic import write_atomically
from infra.errors import Refused
from infra.local.process import Running, Stage


class ProcessFile:
    """The processes of one state directory by name, in the order of their start."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "processes.json"

    def read(self) -> dict[str, Running]:
        """Return what was written down, alive or not.

        Raises:
            Refused: the file is damaged.
        """
        if not self._file.exists():
            return {}
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            return {entry["name"]: _running(entry) for entry in entries}
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"{self._file} cannot be read, so it is not known what runs here. End what is left by hand "
                "(it has this directory in its command line or environment), delete the file and try again."
            ) from error

    def put(self, process: Running) -> None:
        """Write a process down, in place of an earlier one of that name."""
        self._write({**self.read(), process.name: process})

    def forget(self, names: Collection[str]) -> None:
        """Strike processes out."""
        found = self.read()
        if any(name in found for name in names):
            self._write({name: process for name, process in found.items() if name not in names})

    def _write(self, processes: dict[str, Running]) -> None:
        entries = [{**asdict(process), "log": str(process.log)} for process in processes.values()]
        write_atomically(self._file, json.dumps(entries, indent=2))


def _running(entry: dict[str, Any]) -> Running:
    return Running(**{**entry, "stage": Stage(entry["stage"]), "log": Path(entry["log"])})
