"""The files of an SQLite database, watched.

SQLite does not notice when its files are removed, exchanged or cut off under a running process: it goes on committing
from memory what nobody will ever find again. So every transaction looks whether they are still the same and none
became shorter. A log that became shorter may have been emptied by a backup tool, which is fine: then everything is in
the main file, and reading all of it shows that.

Looking is `stat` and nothing else. To open one of these files and close it again would give up SQLite's locks on it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from typing import Final, NamedTuple

from sqlalchemy.exc import OperationalError

_ENDINGS: Final = ("", "-wal")


class _Seen(NamedTuple):
    device: int
    number: int
    size: int


class WatchedFiles:
    """Looks after the files of one database.

    Args:
        database: the path of the main file.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._seen: dict[str, _Seen] = {}

    def check(self) -> None:
        """Make sure, at the begin of a transaction, that what it commits will be found again.

        Raises:
            OperationalError: it would not.
        """
        found = self._look()
        for path, seen in self._seen.items():
            now = found.get(path)
            if now is None or now[:2] != seen[:2]:
                raise _damaged(f"{path} was removed or exchanged under the process")
            if now.size < seen.size and not self._is_whole():
                raise _damaged(f"{path} was cut off under the process")
        self._seen |= found

    def note(self) -> None:
        """Note, after a transaction, how far it made the files grow."""
        for path, now in self._look().items():
            seen = self._seen.get(path)
            if seen is not None and now.size > seen.size and now[:2] == seen[:2]:
                self._seen[path] = now

    def _look(self) -> dict[str, _Seen]:
        looked = {path: _look(path) for path in (self._database + ending for ending in _ENDINGS)}
        return {path: seen for path, seen in looked.items() if seen is not None}

    def _is_whole(self) -> bool:
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._database)) as fresh:
            return bool(fresh.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        return False


def _look(path: str) -> _Seen | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - four times in every transaction
    except OSError:
        return None
    return _Seen(found.st_dev, found.st_ino, found.st_size)


def _damaged(reason: str) -> OperationalError:
    cause = sqlite3.OperationalError(reason)
    cause.sqlite_errorname = "SQLITE_IOERR_SHORT_READ"
    return OperationalError(None, None, cause)
