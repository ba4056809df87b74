"""Frozen copies of every released version of every schema: `<folder>/<full name>/<version>.avsc`.

Topics keep for ever, and a replay reads the oldest record with the newest code; a rolled-back service reads the
newest record with old code. So every version must read every other (FULL_TRANSITIVE). A topic of which nothing is
frozen has not been released, and may still change freely.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from choreography import Event
from choreography.declare.catalog import events
from choreography.records import RECORDS
from infra.contract.compatibility import Schema, incompatibilities
from infra.errors import Refused

FOLDER: Final = Path("tests/contract/released")
FREEZE: Final = "ems schemas freeze"


def stated_events() -> tuple[type[Event], ...]:
    """Return every event that is stated: those of the domain and the kit's own records."""
    return (*events("schemas"), *RECORDS)


@dataclass(frozen=True)
class Releases:
    """The frozen versions in a folder."""

    folder: Path

    def versions(self, name: str) -> tuple[Schema, ...]:
        """Return the frozen versions of a record by its full name, oldest first."""
        files = sorted((self.folder / name).glob("*.avsc"), key=lambda file: int(file.stem))
        return tuple(json.loads(file.read_text(encoding="utf-8")) for file in files)

    def freeze(self, kind: type[Event], *, amend: bool = False) -> int | None:
        """Freeze the schema of an event as a new version, if it differs from the newest one.

        Args:
            kind: the event.
            amend: replace the newest version, which nobody has written a record with yet.

        Returns:
            The number of the version that was written; `None` if there was nothing to write.

        Raises:
            Refused: an older version could not read it, or could not be read with it.
        """
        frozen = self.versions(kind.full_name())
        if frozen and frozen[-1] == kind.avsc():
            return None
        reworded = bool(frozen) and _same(frozen[-1], kind.avsc())
        kept = frozen[:-1] if amend or reworded else frozen
        if broken := tuple(_broken(kind, kept)):
            raise Refused("\n".join(broken))
        file = self.folder / kind.full_name() / f"{len(kept) + 1}.avsc"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(kind.avsc(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return len(kept) + 1

    def findings(self, kinds: Sequence[type[Event]]) -> tuple[str, ...]:
        """Say what would break a reader, and what is not frozen although its topic has been released."""
        return (*self._gone(kinds), *(finding for kind in kinds for finding in self._of(kind, kinds)))

    def _of(self, kind: type[Event], kinds: Sequence[type[Event]]) -> Iterator[str]:
        frozen = self.versions(kind.full_name())
        if not frozen and any(self.versions(other.full_name()) for other in kinds if other.topic == kind.topic):
            yield f"{kind.full_name()} is new on a released topic. Freeze its first version: {FREEZE}"
        if frozen and not _same(frozen[-1], kind.avsc()):
            yield f"{kind.full_name()} differs from its version {len(frozen)}. Freeze the next one: {FREEZE}"
        yield from _broken(kind, frozen)

    def _gone(self, kinds: Sequence[type[Event]]) -> Iterator[str]:
        names = {kind.full_name() for kind in kinds}
        for folder in sorted(self.folder.glob("*/")):
            if folder.name not in names:
                yield _missing(folder)


def _broken(kind: type[Event], frozen: Sequence[Schema]) -> Iterator[str]:
    numbered = {f"version {number}": schema for number, schema in enumerate(frozen, 1)} | {"today": kind.avsc()}
    for (reader, ours), (writer, theirs) in product(numbered.items(), repeat=2):
        for problem in incompatibilities(reader=ours, writer=theirs):
            yield _breaks(kind.full_name(), reader, writer, problem)


def _missing(folder: Path) -> str:
    return (
        f"{folder.name} was released and is gone, but its records are kept for ever. Bring it back or, if nobody has "
        f"written one yet, delete {folder}."
    )


def _breaks(name: str, reader: str, writer: str, problem: str) -> str:
    return (
        f"{name}: a reader with the schema of {reader} cannot read what was written with that of {writer} ({problem}). "
        "Give a new field a default, and neither rename, remove nor retype one without. If nobody has written "
        f"a record with the newest frozen version yet, replace it: {FREEZE} --amend"
    )


def _same(one: Schema, other: Schema) -> bool:
    return bool(_undocumented(one) == _undocumented(other))


def _undocumented(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out the documentation: it may be improved at any time."""
    if isinstance(schema, dict):
        return {key: _undocumented(value) for key, value in schema.items() if key != "doc"}
    return [_undocumented(one) for one in schema] if isinstance(schema, list) else schema
