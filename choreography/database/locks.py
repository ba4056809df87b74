"""Locks that the death of a process releases, and a mere pause does not.

Who holds one may act as the only one, as long as it lives: beside SQLite it is `flock` on a file, which the operating
system releases with the process; on PostgreSQL an advisory lock of a session, which the server releases with the
connection: at once when the process dies, and within 30 seconds when its host does (keepalives, see
`choreography.database.engine`).

A lock belongs to the process and not to who asked: asking again for what is held returns the same lock, and one
release ends it for all. A lock whose connection was lost is not held any more; asking again obtains a new one, with a
new time.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog
from sqlalchemy.exc import DBAPIError

from choreography.clock import Clock
from choreography.database.engine import read_url
from choreography.database.lock_sessions import Holder, open_holder

log = structlog.stdlib.get_logger(__name__)


class Lock(Protocol):
    """A lock that this process holds.

    Attributes:
        obtained: when, as the clock's `monotonic` counts.
    """

    @property
    def obtained(self) -> float: ...  # noqa: D102 - see above

    async def release(self) -> None:
        """Give it back; nothing happens if it is not held any more."""
        ...


class Locks(Protocol):
    """The locks of one database."""

    async def try_acquire(self, name: str) -> Lock | None:
        """Return the lock of this name; `None` while another process holds it, or nobody can tell."""
        ...


@asynccontextmanager
async def open_locks(database_url: str, clock: Clock) -> AsyncIterator[Locks]:
    """Open the locks of a database; on leaving, give all of them back.

    Args:
        database_url: its address, as `Database` takes it.
        clock: tells when a lock was obtained.

    Raises:
        InvalidSettings: it is neither SQLite's nor PostgreSQL's.
    """
    holder = open_holder(read_url(database_url))
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="locks") as thread:
        try:
            yield _Locks(holder, clock, thread)
        finally:
            await loop.run_in_executor(thread, holder.close)


class _Locks:
    """Locks held by one thread, so that nothing waits on the event loop."""

    def __init__(self, holder: Holder, clock: Clock, thread: ThreadPoolExecutor) -> None:
        self._holder = holder
        self._clock = clock
        self._thread = thread
        self._held: dict[str, _Lock] = {}

    async def try_acquire(self, name: str) -> Lock | None:
        acquiring = asyncio.get_running_loop().run_in_executor(self._thread, self._acquire, name)
        try:
            return await asyncio.shield(acquiring)
        except asyncio.CancelledError:  # the thread goes on, and nobody would ever give back what it obtains
            acquiring.add_done_callback(self._give_back_unheard)
            raise

    async def release(self, lock: "_Lock") -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release, lock)

    def _give_back_unheard(self, acquired: "asyncio.Future[_Lock | None]") -> None:
        lock = None if acquired.cancelled() or acquired.exception() else acquired.result()
        if lock is not None:
            with suppress(RuntimeError):  # the thread has ended, and given everything back
                self._thread.submit(self._release, lock)

    def _acquire(self, name: str) -> "_Lock | None":
        held = self._held.get(name)
        if held is not None and self._holder.still_holds(name):
            return held
        self._held.pop(name, None)
        try:
            is_obtained = self._holder.try_hold(name)
        except (DBAPIError, OSError) as error:
            log.warning("lock.unknown", lock=name, error=type(error).__name__, reason="it is asked for again")
            return None
        if is_obtained:
            self._held[name] = _Lock(name, self._clock.monotonic(), self)
        return self._held.get(name)

    def _release(self, lock: "_Lock") -> None:
        if self._held.get(lock.name) is lock:
            del self._held[lock.name]
            self._holder.give_back(lock.name)


class _Lock:
    def __init__(self, name: str, obtained: float, locks: _Locks) -> None:
        self.name = name
        self.obtained = obtained
        self._locks = locks

    async def release(self) -> None:
        await self._locks.release(self)
