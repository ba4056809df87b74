"""A history as a folder: one file of JSON lines per source, and `expectations.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.checker.expectations import Begin, Expectations, Reaction, Source, Target
from tests.checker.expectations import Final as FinalState
from tests.checker.history import (
    Action,
    Assignment,
    Commit,
    Effect,
    History,
    Line,
    Record,
    Row,
    Submission,
    Waiting,
)

T = TypeVar("T")

FILES: Final[dict[str, type[Line]]] = {
    "submissions": Submission,
    "records": Record,
    "effects": Effect,
    "ledger": Row,
    "commits": Commit,
    "outbox": Waiting,
    "assignments": Assignment,
    "actions": Action,
}
_PARTS: Final[dict[str, type[Any]]] = {
    "sources": Source,
    "reactions": Reaction,
    "targets": Target,
    "finals": FinalState,
    "begins": Begin,
}


class BrokenHistory(Exception):  # noqa: N818 - reads better without the suffix
    """A file of the folder is not what the format says."""


def write(folder: Path, history: History, expectations: Expectations) -> None:
    """Write a history and what is expected of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        write_lines(folder / f"{name}.jsonl", getattr(history, name))
    text = json.dumps(asdict(expectations), indent=1, ensure_ascii=False)
    (folder / "expectations.json").write_text(text + "\n", encoding="utf-8")


def write_lines(file: Path, lines: Iterable[Line]) -> None:
    """Write one source."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(f"{as_json(line)}\n" for line in lines)


def as_json(line: Line) -> str:
    """Return a line as it stands in its file: without the fields that have their default."""
    said = {one.name: getattr(line, one.name) for one in fields(line)}
    defaults = {one.name: one.default for one in fields(line)}
    return json.dumps({n: v for n, v in said.items() if v != defaults[n]}, ensure_ascii=False, default=list)


def read(folder: Path) -> tuple[History, Expectations]:
    """Read a history and what is expected of it.

    Raises:
        BrokenHistory: a file cannot be read, or a line lacks a field or has an unknown one.
    """
    sources: dict[str, Any] = {name: _lines(folder / f"{name}.jsonl", kind) for name, kind in FILES.items()}
    return History(**sources), _expectations(folder / "expectations.json")


def _lines(file: Path, kind: type[T]) -> tuple[T, ...]:
    if not file.exists():
        return ()
    with file.open(encoding="utf-8") as lines:
        return tuple(_line(file, number, text, kind) for number, text in enumerate(lines, 1))


def _line(file: Path, number: int, text: str, kind: type[T]) -> T:
    try:
        return kind(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise BrokenHistory(f"{file.name}, line {number} is no {kind.__name__}: {error}") from error


def _expectations(file: Path) -> Expectations:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        values: dict[str, Any] = {name: _frozen(value) for name, value in said.items() if name not in _PARTS}
        values |= {name: tuple(_part(kind, one) for one in said.get(name, ())) for name, kind in _PARTS.items()}
        return Expectations(**values)
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise BrokenHistory(f"{file.name} says no expectations: {error}") from error


def _part(kind: type[T], said: dict[str, Any]) -> T:
    return kind(**{name: _frozen(value) for name, value in said.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
