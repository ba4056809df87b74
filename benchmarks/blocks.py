"""When Access began each block, and when reading back had proved it: as its own ledger says, by the same clock."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from benchmarks.targets import nanoseconds
from consumers.access.service import service
from schemas.access import CriticalAccessBlocked
from schemas.exits import EmployeeResigned


class Block(NamedTuple):
    """When the handler was let begin, and when the fact that carries the proof was stated (nanoseconds since 1970)."""

    begun: int
    proven: int


def blocks(state_dir: Path) -> dict[str, Block]:
    """Return the proven blocks by case id.

    Args:
        state_dir: of the stack; the ledger is an SQLite file in it.
    """
    return dict(_blocks(state_dir / f"{service.group}.db"))


def _blocks(ledger: Path) -> Iterator[tuple[str, Block]]:
    query = "SELECT correlation_id, created_at, updated_at FROM ledger WHERE event_type = ? AND fact_type = ?"
    kinds = (EmployeeResigned.ce_type(), CriticalAccessBlocked.__name__)
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as database:
        for case, begun, proven in database.execute(query, kinds):
            yield str(UUID(case)), Block(nanoseconds(begun), nanoseconds(proven))
