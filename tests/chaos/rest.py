"""Waiting until everything is at rest: nothing to read, nothing to publish, nothing begun, nothing held."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from confluent_kafka import KafkaException

from tests.e2e.progress import GROUPS, Progress

OWNERS: Final = (*GROUPS, "ems.exits")
_LOOK: Final = 1.0  # seconds


class Databases:
    """What the services' own databases say, read from outside and without a lock.

    Args:
        state_dir: where they lie.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def rows(self, owner: str, question: str, *given: object) -> list[sqlite3.Row]:
        """Ask one database; nothing where it is not there yet."""
        file = self._state_dir / f"{owner}.db"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(question, given).fetchall()

    def has_table(self, owner: str, table: str) -> bool:
        """Tell whether a database has a table."""
        return bool(self.rows(owner, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table))

    def waiting(self) -> dict[str, int]:
        """Return how many records each outbox has not published."""
        question = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        return {owner: number for owner in OWNERS for (number,) in self.rows(owner, question) if number}

    def unfinished(self) -> dict[str, int]:
        """Return how many reactions of each group are begun or held, by group, state and reason."""
        question = (
            "SELECT state, coalesce(hold_reason, '') AS reason, count(*) AS number FROM ledger "
            "WHERE state IN ('INTENT', 'HELD') GROUP BY 1, 2"
        )
        return {
            f"{group} {row['state']} {row['reason']}".strip(): row["number"]
            for group in GROUPS
            for row in self.rows(group, question)
        }


class Rest:
    """Tells whether everything is at rest.

    Args:
        bootstrap_servers: of the broker.
        databases: of the services.
        settled: tells whether all processes run.
    """

    def __init__(self, bootstrap_servers: str, databases: Databases, settled: Callable[[], bool]) -> None:
        self._settled = settled
        self._progress = Progress(bootstrap_servers)
        self._databases = databases

    def missing(self) -> str:
        """Return what is not at rest, in words; empty when all is."""
        if not self._settled():
            return "not every process is ready"
        try:
            lag = {group: number for group, number in self._progress.lag().items() if number}
        except KafkaException:
            return "the broker does not answer"
        left = {"to read": lag, "to publish": self._databases.waiting(), "unfinished": self._databases.unfinished()}
        return "; ".join(f"{what}: {_said(parts.items())}" for what, parts in left.items() if parts)

    def wait(self, seconds: float, say: Callable[[str], None], meanwhile: Callable[[], None]) -> str:
        """Wait until two looks in a row find nothing; return what is still missing when the time is over.

        Args:
            seconds: how long to wait.
            say: is told what is missing.
            meanwhile: called between two looks.
        """
        deadline = monotonic() + seconds
        calm = 0
        while True:
            missing = self.missing()
            calm = 0 if missing else calm + 1
            if calm > 1 or monotonic() > deadline:
                return missing
            say(missing)
            meanwhile()
            sleep(_LOOK)


def _said(parts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in parts)
