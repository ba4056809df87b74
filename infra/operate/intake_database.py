"""The database of EMS, found as EMS itself finds it: by its settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from choreography import Database
from choreography.database.engine import read_url
from infra.errors import Unreachable
from infra.operate.database import Transactions, settings_of
from schemas.exits import TOPIC as EXITS


@contextmanager
def intake_database(url: str | None) -> Iterator[Transactions]:
    """Open it.

    Raises:
        Unreachable: there is none, or it does not answer.
        InvalidSettings: this is no address of a database.
    """
    found = read_url(url or settings_of("producers.ems").database_for(EXITS.namespace))
    file = Path(found.database) if found.get_backend_name() == "sqlite" and found.database else None
    if file is not None and not file.exists():
        raise Unreachable(
            f"EMS has no database at {file}. Run this where EMS runs, with its settings (EMS_STATE_DIR, "
            "EMS_DATABASE_URL) or with --database-url."
        )
    database = Database(found.render_as_string(hide_password=False))
    try:
        yield Transactions(database, found.render_as_string(hide_password=True), "the database of an EMS")
    finally:
        database.close()
