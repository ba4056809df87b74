"""One database per service, and one thread that owns it.

All work runs in transactions on that one thread: callers on the event loop wait without blocking it, callers on other
threads wait for the result. SQLite is used in WAL mode with `synchronous=FULL`: what was committed survives the loss
of power. Every transaction takes the write lock at once (`BEGIN IMMEDIATE`), so that a read within it stays true.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, MetaData, create_engine, event
from sqlalchemy.engine import make_url

from choreography.errors import DatabaseClosed

T = TypeVar("T")
_AFTER = "after_commit"


def after_commit(tx: Connection, callback: Callable[[], None]) -> None:
    """Have `callback` called once the transaction has committed; not when it is rolled back."""
    tx.info.setdefault(_AFTER, []).append(callback)


class Database:
    """Transactions, one after the other.

    Args:
        url: an SQLAlchemy address, such as `sqlite:////var/lib/ems/ems.hr.db`.
        busy_seconds: how long to wait for a lock that another process holds.
    """

    def __init__(self, url: str, *, busy_seconds: float = 5.0) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {}
        if self.is_sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": busy_seconds, "check_same_thread": False}
        self._engine = create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "begin", _begin_immediate)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    def create(self, *metadata: MetaData) -> None:
        """Create the tables that are missing."""

        def work(tx: Connection) -> None:
            for tables in metadata:
                tables.create_all(tx)

        self.run_sync(work)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; commit when it returns, roll back when it raises.

        Raises:
            DatabaseClosed: `close` was called before.
        """
        return await asyncio.wrap_future(self._submit(work))

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Do the same from a thread that may wait."""
        return self._submit(work).result()

    def close(self) -> None:
        """Finish what was submitted and close the database."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()

    def _submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        try:
            return self._thread.submit(self._transaction, work)
        except RuntimeError as error:
            raise DatabaseClosed from error

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            connection.info.pop(_AFTER, None)
            with connection.begin():
                result = work(connection)
            callbacks: list[Callable[[], None]] = connection.info.pop(_AFTER, [])
        for callback in callbacks:
            callback()
        return result


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.isolation_level = None  # SQLAlchemy's own recipe: it emits BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
