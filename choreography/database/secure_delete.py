"""Leaving no byte behind of what was deleted from a database, or overwritten.

A database forgets a row by marking its place as free. SQLite's file is written anew (`VACUUM`), then its log is put
into it and emptied. Both wait for others to finish, and others for them: a service that runs goes on afterwards; it
takes about a second for each 100 MB. PostgreSQL is told to reuse the places at once; when it does, and how long its log
and its backups keep them, is for who runs it.
"""

import time
from contextlib import closing
from typing import Final

from sqlalchemy import inspect
from sqlalchemy.engine.interfaces import DBAPICursor

from choreography.database.engine import is_file, open_engine, read_url
from choreography.errors import ChoreographyError

_BUSY_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.1


class NotScrubbed(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """Somebody has read or written the database all the time, so its log could not be emptied. Do it again."""


def scrub(database_url: str) -> None:
    """Overwrite what is free in a database.

    Raises:
        NotScrubbed: others did not leave it alone for a moment.
    """
    url = read_url(database_url)
    engine = open_engine(url, busy_seconds=_BUSY_SECONDS)
    try:
        if is_file(url):
            with closing(engine.raw_connection()) as connection:
                _vacuum(connection.cursor())  # by itself: VACUUM cannot be part of a transaction
        elif url.get_backend_name() == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
                for table in inspect(autocommit).get_table_names():
                    quoted = autocommit.dialect.identifier_preparer.quote(table)
                    autocommit.exec_driver_sql(f"VACUUM {quoted}")
    finally:
        engine.dispose()


def _vacuum(cursor: DBAPICursor) -> None:
    cursor.execute("VACUUM")
    deadline = time.monotonic() + _BUSY_SECONDS
    while time.monotonic() < deadline:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, _, _ = cursor.fetchall()[0]
        if not is_busy:
            return
        time.sleep(_PAUSE_SECONDS)
    raise NotScrubbed
