"""What was done to the system during a run: one line per deed on the disk, and the counts for the table."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.checker.history import Action


class Diary:
    """Notes deeds from any thread.

    Args:
        file: gets one JSON object per line; created when missing.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._stream = file.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def note(self, deed: str, what: str, kind: str = "", **more: object) -> None:
        """Write down that something was done.

        Args:
            deed: such as `kill`, `pause`, `fault`.
            what: the process or the target that it was done to.
            kind: more precisely, such as the name of a fail point or of a fault.
            more: details for whoever reads the file.
        """
        line = json.dumps({"at": time.time(), "deed": deed, "what": what, "kind": kind, **more})
        with self._lock:
            self._counts[deed, what, kind] += 1
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def counts(self, deed: str) -> Counter[tuple[str, str]]:
        """Return how often a deed was done, by what and kind."""
        with self._lock:
            return Counter({(what, kind): times for (one, what, kind), times in self._counts.items() if one == deed})

    def total(self, *deeds: str) -> int:
        """Return how often any of these was done."""
        return sum(sum(self.counts(deed).values()) for deed in deeds)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._stream.close()


def actions(file: Path) -> Iterator[Action]:
    """Read a diary back, as the checker knows such lines."""
    for text in file.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if line["deed"] in {"release", "drop", "resume"}:
            yield Action(line["at"], line["deed"], group=line["what"], effect_key=line["kind"] or None)
        else:
            said = (line["deed"], line["what"], line["kind"])
            yield Action(line["at"], "fault", what=" ".join(part for part in said if part))
