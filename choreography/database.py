"""One database per service, and one thread that owns it.

All work runs in transactions on that one thread: callers on the event loop wait without blocking it, callers on other
threads wait for the result. What many callers want at the same moment is committed together (group commit), each under
a savepoint of its own: one that raises undoes only itself. Nobody is answered before the commit. Work may be called
again when somebody else's broke the transaction, so it does nothing but read and write the database.

SQLite is used in WAL mode with `synchronous=FULL`: what was committed survives the loss of power. Every transaction
takes the write lock at once (`BEGIN IMMEDIATE`), so that what it reads stays true until it commits.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from sqlalchemy import Connection, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from choreography.errors import DatabaseClosed

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")
GROUP: Final = 200
_AFTER: Final = "after_commit"


class _Job(NamedTuple):
    work: Callable[[Connection], Any]
    future: "Future[Any]"


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
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._thread.start()

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
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()
        self._engine.dispose()

    def _submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise DatabaseClosed
            self._jobs.put(_Job(work, future))
        return future

    def _serve(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, is_last = self._group(first)
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])
            if is_last:
                return

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        group = [first]
        try:
            while len(group) < GROUP:
                job = self._jobs.get_nowait()
                if job is None:
                    return group, True
                group.append(job)
        except Empty:
            pass
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        callbacks: list[Callable[[], None]] = []
        try:
            results = self._transaction(group, callbacks)
        except _GroupBroken:  # the whole transaction is gone, with what the others had written: each for itself then
            for job in group:
                self._commit([job])
            return
        except BaseException as error:  # noqa: BLE001 - whoever waits is told, the thread goes on
            results, callbacks = [_Raised(error)] * len(group), []
        for callback in callbacks:
            _call(callback)
        for job, result in zip(group, results, strict=True):
            if isinstance(result, _Raised):
                job.future.set_exception(result.error)
            else:
                job.future.set_result(result)

    def _transaction(self, group: list[_Job], callbacks: list[Callable[[], None]]) -> list[Any]:
        with self._engine.connect() as connection, connection.begin():
            connection.info.pop(_AFTER, None)
            if len(group) > 1:
                return [_under_savepoint(connection, job.work, callbacks) for job in group]
            result = group[0].work(connection)
            callbacks += connection.info.pop(_AFTER, [])
            return [result]


class _GroupBroken(Exception):  # noqa: N818 - a signal
    """A job failed in a way that may have ended the transaction that it shares."""


class _Raised(NamedTuple):
    error: BaseException


def _under_savepoint(
    connection: Connection, work: Callable[[Connection], T], callbacks: list[Callable[[], None]]
) -> "T | _Raised":
    """Do one job of a group; return its result, or what it raised.

    Raises:
        _GroupBroken: the database itself failed (disk full, input/output): a savepoint protects nobody then.
    """
    connection.info.pop(_AFTER, None)
    try:
        with connection.begin_nested():
            result = work(connection)
    except IntegrityError as error:
        return _Raised(error)
    except DBAPIError as error:
        raise _GroupBroken from error
    except BaseException as error:  # noqa: BLE001 - handed to who asked for the job
        return _Raised(error)
    callbacks += connection.info.pop(_AFTER, [])
    return result


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        log.exception("callback.failed")


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.isolation_level = None  # SQLAlchemy's own recipe: it emits BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
