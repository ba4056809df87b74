"""The place of a ledger: what stands there before a rebuild, and how the new one gets there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError

from choreography import Database
from choreography.consume import brake
from choreography.database.engine import read_url
from choreography.ledger.table import ledger
from choreography.outbox.outbox import outbox, unpack_headers
from choreography.wire.record import Record
from infra.errors import Unreachable
from infra.operate.database import Home

_PARTS: Final = ("", "-wal", "-shm")  # of an SQLite database in use


@dataclass(frozen=True)
class Old:
    """What stands in the place of the ledger.

    Attributes:
        rows: how many rows of a ledger.
        waiting: rows of its outbox that have not been published.
        braked: the row of its brake.
        problem: what is broken about it.
    """

    rows: int = 0
    waiting: Sequence[Mapping[str, Any]] = ()
    braked: Sequence[Mapping[str, Any]] = ()
    problem: str = ""

    def records(self) -> list[Record]:
        """Return what has not been published as records that stand nowhere."""
        return [
            Record(row["topic"], -1, -1, row["key"], row["value"], tuple(unpack_headers(row["headers"])))
            for row in self.waiting
        ]


def old_ledger(home: Home) -> Old:
    """Read what stands in the place; a file that is broken is only in the way.

    Raises:
        Unreachable: the database does not answer.
    """
    if home.file is not None and not home.file.exists():
        return Old()
    database = Database(home.database_url)
    try:
        return database.run_sync(_read)
    except DatabaseError as error:
        if home.file is None or isinstance(error, OperationalError):  # not an answer, or a lock
            raise Unreachable(f"{home.shown_url} cannot be read now ({error.orig}). Mend that first.") from error
        return Old(problem=str(error.orig))
    finally:
        database.close()


def _read(tx: Connection) -> Old:
    there = set(inspect(tx).get_table_names())
    rows = tx.execute(select(func.count()).select_from(ledger)).scalar_one() if ledger.name in there else 0
    unpublished = select(outbox).where(outbox.c.published_at.is_(None)).order_by(outbox.c.id)
    waiting = tx.execute(unpublished).mappings().all() if outbox.name in there else ()
    braked = tx.execute(select(brake.brake)).mappings().all() if brake.brake.name in there else ()
    return Old(rows, [dict(row) for row in waiting], [dict(row) for row in braked])


def address_beside(home: Home) -> str:
    """Return where the new ledger is written: in a file beside the old one, or in the PostgreSQL itself."""
    if home.file is None:
        return home.database_url
    url = read_url(home.database_url).set(database=str(_beside(home.file)))
    return url.render_as_string(hide_password=False)


def clear_beside(home: Home) -> None:
    """Remove what an interrupted rebuild has left."""
    if home.file is not None:
        for part in _PARTS:
            _part(_beside(home.file), part).unlink(missing_ok=True)


def put_in_place(home: Home) -> Path | None:
    """Move the old file aside, and the new one where it was; return where the old one is."""
    if home.file is None:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = home.file.with_name(f"{home.file.name}.replaced-{stamp}")
    moved = _move(home.file, aside)
    _move(_beside(home.file), home.file)
    return aside if moved else None


def _move(file: Path, to: Path) -> bool:
    there = [part for part in _PARTS if _part(file, part).exists()]
    for part in there:
        _part(file, part).replace(_part(to, part))
    return bool(there)


def _part(file: Path, part: str) -> Path:
    return file.with_name(f"{file.name}{part}")


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.rebuilding")
