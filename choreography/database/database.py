"""One database per service, and one thread that owns it.

All work that may write runs in transactions on that one thread: callers on the event loop wait without blocking it,
callers on other threads wait for the result. What many callers want at the same moment is committed together (see
`choreography.database.group_commit`). Nobody is answered before the commit. Work may be called again when somebody
else's broke the transaction, or when PostgreSQL chose it to end a deadlock, so it does nothing but read and write the
database.

A connection that was lost is replaced by the next transaction. Whether the one that lost it was committed is not known
to anybody then: who repeats it must bear that it may have happened.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, MetaData

from choreography.database.engine import READING, is_file, open_engine, read_url
from choreography.database.group_commit import Raised, Work, commit
from choreography.database.migration import bring_up_to_date
from choreography.database.transaction import take_turn
from choreography.errors import DatabaseClosed

T = TypeVar("T")
GROUP: Final = 200  # no more are committed together
GROUP_POSTGRESQL: Final = 60  # more than 64 savepoints slow down every other session of the server


class _Job(NamedTuple):
    work: Work
    future: "Future[Any]"


def create_missing(tx: Connection, *metadata: MetaData) -> None:
    """Create what is missing of tables, columns and indexes; processes that start together take turns.

    Raises:
        InvalidSettings: the tables that are there cannot be completed.
    """
    take_turn(tx, "schema")
    for tables in metadata:
        bring_up_to_date(tx, tables)


class Database:
    """Transactions, one after the other.

    Args:
        url: an address such as `sqlite:////var/lib/hr.db` or `postgresql://user:password@host/hr`.
        busy_seconds: how long to wait for a lock that another process holds.

    Raises:
        InvalidSettings: it is neither SQLite's nor PostgreSQL's.
    """

    def __init__(self, url: str, *, busy_seconds: float = 5.0) -> None:
        self.url = read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._most = GROUP if self.is_sqlite else GROUP_POSTGRESQL
        self._engine = open_engine(self.url, busy_seconds=busy_seconds)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._thread.start()

    def create(self, *metadata: MetaData) -> None:
        """Create what is missing of tables, columns and indexes.

        Raises:
            InvalidSettings: the tables that are there cannot be completed.
        """
        self.run_sync(lambda tx: create_missing(tx, *metadata))

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; commit when it returns, roll back when it raises.

        Raises:
            DatabaseClosed: `close` was called before.
        """
        return await asyncio.wrap_future(self._submit(work))

    async def run_unless_refused(self, work: Callable[[Connection], T], *refusals: type[Exception]) -> T:
        """Do the same with work that raises these errors only before it writes; it needs no savepoint among others.

        Raises:
            DatabaseClosed: `close` was called before.
        """
        return await asyncio.wrap_future(self._queue(Work(work, refusals)))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads: what was committed before, without waiting for who writes.

        Raises:
            DatabaseClosed: `close` was called before.
        """
        if self._closed:
            raise DatabaseClosed
        if self.is_sqlite and not is_file(self.url):  # in memory, it is this thread's alone
            return await self.run(work)
        return await asyncio.to_thread(self._read, work)

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

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(**READING) as connection, connection.begin():
            return work(connection)

    def _submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        return self._queue(Work(work))

    def _queue(self, work: Work) -> "Future[Any]":
        future: Future[Any] = Future()
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
            while len(group) < self._most:
                job = self._jobs.get_nowait()
                if job is None:
                    return group, True
                group.append(job)
        except Empty:
            pass
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        if not group:
            return
        for job, result in zip(group, commit(self._engine, [job.work for job in group]), strict=True):
            if isinstance(result, Raised):
                job.future.set_exception(result.error)
            else:
                job.future.set_result(result)
