"""What holds locks for this process, on the thread of who asks.

See `choreography.database.locks` for what a lock promises.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from choreography.database.engine import is_file, lock_id, open_engine

T = TypeVar("T")


class Holder(Protocol):
    """Holds locks; used by one thread at a time."""

    def try_hold(self, name: str) -> bool:
        """Hold the lock of this name from now on, unless another process does."""
        ...

    def holds(self, name: str) -> bool:
        """Tell whether it is held, as far as is known without asking."""
        ...

    def still_holds(self, name: str) -> bool:
        """Tell whether it is held, and has been ever since it was obtained."""
        ...

    def give_back(self, name: str) -> None:
        """Hold it no longer."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_holder(url: URL) -> Holder:
    """Return what holds the locks of a database."""
    if url.get_backend_name() != "sqlite":
        return SessionHolder(open_engine(url, busy_seconds=5.0))
    return FileHolder(Path(url.database or "") if is_file(url) else None)


class FileHolder:
    """Holds a lock by `flock` on a file beside the database, which is there for as long as the lock is held.

    Who gives a lock back removes its file before it lets go; who obtains one makes sure that its file has not been
    removed meanwhile (`filelock` does). What a killed process leaves is removed by whoever obtains that lock next.

    Args:
        database: the file of the database; `None` for one that no other process can see.
    """

    def __init__(self, database: Path | None) -> None:
        self._database = database
        self._held: dict[str, FileLock | None] = {}

    def try_hold(self, name: str) -> bool:
        """Hold the lock of this name from now on, unless another process does.

        Raises:
            OSError: the file cannot be made, or its file system knows no `flock`.
        """
        if name not in self._held:
            lock = self._lock(name)
            try:
                if lock is not None:
                    lock.acquire(blocking=False)
            except Timeout:
                return False
            self._held[name] = lock
        return True

    def holds(self, name: str) -> bool:
        """Tell whether it is held."""
        return name in self._held

    def still_holds(self, name: str) -> bool:
        """Tell whether it is held: such a lock is lost with the process only."""
        return name in self._held

    def give_back(self, name: str) -> None:
        """Hold it no longer."""
        lock = self._held.pop(name, None)
        if lock is not None:
            with suppress(OSError):  # it stays, and does no harm
                Path(lock.lock_file).unlink()
            lock.release()

    def close(self) -> None:
        """Give everything back."""
        for name in tuple(self._held):
            self.give_back(name)

    def _lock(self, name: str) -> FileLock | None:
        if self._database is None:
            return None
        path = self._database.with_name(f"{self._database.name}.{quote(name, safe='')}.lock")
        # A lock that is a file's mere existence would outlive its holder: better none than that.
        return FileLock(path, thread_local=False, fallback_to_soft=False)


_ID: Final = lock_id("lock")
_HOLD: Final = select(func.pg_try_advisory_lock(_ID))
_GIVE_BACK: Final = select(func.pg_advisory_unlock(_ID))


class SessionHolder:
    """Holds advisory locks on one connection to PostgreSQL; they are lost with it.

    Args:
        engine: makes the connection; disposed of at the end.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def try_hold(self, name: str) -> bool:
        """Hold the lock of this name from now on, unless another process does.

        Raises:
            DBAPIError: the server cannot be asked.
        """
        if name in self._held:
            return True
        if self.run(lambda tx: bool(tx.execute(_HOLD, {"name": name}).scalar_one())):
            self._held.add(name)
        return name in self._held

    def holds(self, name: str) -> bool:
        """Tell whether it is held, as far as is known without asking the server."""
        return name in self._held

    def still_holds(self, name: str) -> bool:
        """Tell whether it is held, and has been ever since it was obtained; asks the server."""
        try:
            self.run(lambda tx: tx.execute(select(1)))
        except DBAPIError:
            return False
        return name in self._held

    def give_back(self, name: str) -> None:
        """Hold it no longer."""
        if name in self._held:
            self._held.discard(name)
            try:
                self.run(lambda tx: tx.execute(_GIVE_BACK, {"name": name}))
            except DBAPIError:
                self._lose()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction on the connection that holds the locks.

        Raises:
            DBAPIError: it failed; if the connection is lost, so is every lock.
        """
        connection = self._connection = self._connection or self._engine.connect()
        try:
            with connection.begin():
                return work(connection)
        except DBAPIError as error:
            if error.connection_invalidated or connection.invalidated:
                self._lose()
            raise

    def close(self) -> None:
        """Give everything back."""
        self._lose()
        self._engine.dispose()

    def _lose(self) -> None:
        self._held.clear()
        if self._connection is not None:
            self._connection.invalidate()  # a session that goes back to a pool would keep its locks
            self._connection.close()
            self._connection = None
