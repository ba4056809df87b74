"""Check a folder: `python -m tests.checker FOLDER [--output json]`; 0 nothing found, 1 anomalies, 2 no history."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.checker.anomaly import Anomaly
from tests.checker.checker import check
from tests.checker.folder import FILES, BrokenHistory, as_json, read
from tests.checker.history import History, Line


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the anomalies of a history, each with its witness."""
    parser = argparse.ArgumentParser(prog="python -m tests.checker", description="Name what must not be in a history.")
    parser.add_argument("folder", type=Path, help="the history: JSON lines per source, and expectations.json")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    given = parser.parse_args(arguments)
    try:
        history, expectations = read(given.folder)
    except BrokenHistory as error:
        sys.stderr.write(f"{error}\nNothing was checked. See tests/checker/history.py for the format.\n")
        return 2
    anomalies = check(history, expectations)
    sys.stdout.write((as_document if given.output == "json" else as_text)(history, anomalies))
    return 1 if anomalies else 0


def as_text(history: History, anomalies: Sequence[Anomaly]) -> str:
    """Return the anomalies for a person: a sentence each, then its witness with file and line."""
    places = places_of(history)
    lines = []
    for one in anomalies:
        lines.append(f"{one.name}: {one.says}")
        lines += [f"    {places.get(id(line), '?')} {as_json(line)}" for line in one.witness]
    read_lines = ", ".join(f"{len(getattr(history, name)):,} {name}" for name in FILES if getattr(history, name))
    lines.append(f"{len(anomalies):,} anomalies in {read_lines or 'an empty history'}.")
    return "\n".join(lines) + "\n"


def as_document(history: History, anomalies: Sequence[Anomaly]) -> str:
    """Return the anomalies as JSON."""
    places = places_of(history)
    found = [
        {
            "anomaly": one.name,
            "says": one.says,
            "witness": [{"at": places.get(id(line), "?"), "line": json.loads(as_json(line))} for line in one.witness],
        }
        for one in anomalies
    ]
    return json.dumps({"anomalies": found}, indent=1, ensure_ascii=False) + "\n"


def places_of(history: History) -> dict[int, str]:
    """Return where each line stands: file and number."""
    sources: dict[str, tuple[Line, ...]] = {name: getattr(history, name) for name in FILES}
    return {
        id(line): f"{name}.jsonl:{number}" for name, lines in sources.items() for number, line in enumerate(lines, 1)
    }


if __name__ == "__main__":
    sys.exit(main())
