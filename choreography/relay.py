"""The relay: takes waiting records out of the outbox, in commit order, and publishes them at least once.

It always begins at the oldest row that is not marked, never "after the last number seen": a transaction that began
early may commit late. Only a prefix per key is marked, so that a key never overtakes itself. A crash between the
broker's acknowledgement and the mark repeats a record, with the same id.

One relay per database is active: two of them could reorder a key. Beside SQLite a lock file decides, which the
operating system releases when its holder dies; the others stand by.
"""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Connection, bindparam, select, update

from choreography.clock import Clock
from choreography.database import Database
from choreography.errors import DatabaseClosed
from choreography.health import Health
from choreography.outbox import outbox, unpack_headers

log = structlog.stdlib.get_logger(__name__)

BATCH: Final = 1_000
IDLE_SECONDS: Final = 1.0
PART: Final = "relay"


class Outgoing(NamedTuple):
    """A record on its way out; `row` is its number in the outbox."""

    row: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Publishing(Protocol):
    """What publishes records."""

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Publish in order; return the rows that the broker acknowledged."""
        ...


class Relay:
    """Moves the outbox to Kafka from a thread of its own.

    Args:
        database: whose outbox it is.
        producer: how records leave.
        clock: tells when a row was marked.
        health: is told while records wait that the broker does not take.
    """

    def __init__(self, database: Database, producer: Publishing, clock: Clock, health: Health | None = None) -> None:
        self._database = database
        self._producer = producer
        self._clock = clock
        self._health = health or Health()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin publishing."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    def stop(self, deadline: float) -> None:
        """Publish what waits, for at most `deadline` seconds; the rest leaves at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(deadline)

    async def published(self, row: int) -> None:
        """Wait until a row is acknowledged, by this relay, or marked by the one that is active in its place."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.setdefault(row, []).append(future)
        self._wake.set()
        while not future.done():
            if not await self._database.run(lambda tx: _is_waiting(tx, row)):
                self._tell([row])
            await asyncio.wait((future,), timeout=IDLE_SECONDS)

    def step(self) -> int:
        """Publish the oldest waiting rows once; return how many were marked."""
        rows = self._database.run_sync(_oldest)
        if not rows:
            self._health.set(PART, True)
            return 0
        acknowledged = self._producer.publish(rows)
        prefix = _prefix_per_key(rows, acknowledged)
        self._tell(prefix)
        now = self._clock.now().isoformat()
        self._database.run_sync(lambda tx: _mark(tx, prefix, now))
        self._tell(prefix)  # who has begun to wait meanwhile
        if not prefix:
            detail = f"The broker does not take what waits for {rows[0].topic}. See the log; nothing is lost."
            self._health.set(PART, False, detail)
        return len(prefix)

    def _run(self) -> None:
        lock = self._lock_file()
        while not self._acquire(lock):
            if self._stopping.is_set():
                return
        try:
            while not (self._drained() and self._stopping.is_set()):
                if not self._stopping.is_set():
                    self._wake.wait(IDLE_SECONDS)
        except DatabaseClosed:
            log.info("relay.ended", reason="the deadline is over; what waits leaves at the next start")
        finally:
            if lock is not None:
                lock.release()

    def _drained(self) -> bool:
        self._wake.clear()
        try:
            while self.step():
                pass
        except DatabaseClosed:
            raise
        except Exception as error:
            kind = type(error).__name__
            log.exception("outbox.stuck", error=kind)
            self._health.set(PART, False, f"The outbox cannot be published ({kind}); it is tried again.")
            return self._stopping.wait(IDLE_SECONDS)
        return True

    def _lock_file(self) -> FileLock | None:
        path = self._database.url.database
        if not self._database.is_sqlite or not path:
            return None
        return FileLock(Path(f"{path}.relay.lock"), thread_local=False)

    def _acquire(self, lock: FileLock | None) -> bool:
        if lock is None:
            return True
        try:
            lock.acquire(timeout=IDLE_SECONDS)
        except Timeout:
            return False
        return True

    def _tell(self, rows: Sequence[int]) -> None:
        with self._lock:
            futures = [future for row in rows for future in self._waiting.pop(row, ())]
        for future in futures:
            future.get_loop().call_soon_threadsafe(_resolve, future)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


# Built once: building a statement costs more than executing it.
_WAITING: Final = select(outbox).where(outbox.c.published_at.is_(None)).order_by(outbox.c.id).limit(BATCH)
_IS_WAITING: Final = select(outbox.c.id).where(outbox.c.id == bindparam("of"), outbox.c.published_at.is_(None))
_MARK: Final = update(outbox).where(outbox.c.id.in_(bindparam("rows", expanding=True)))


def _oldest(tx: Connection) -> list[Outgoing]:
    found = tx.execute(_WAITING)
    return [Outgoing(row.id, row.topic, row.key, row.value, unpack_headers(row.headers)) for row in found]


def _is_waiting(tx: Connection, row: int) -> bool:
    return tx.execute(_IS_WAITING, {"of": row}).first() is not None


def _mark(tx: Connection, rows: Sequence[int], now: str) -> None:
    tx.execute(_MARK, {"rows": rows, "published_at": now})


def _prefix_per_key(rows: Sequence[Outgoing], acknowledged: set[int]) -> list[int]:
    broken: set[tuple[str, bytes | None]] = set()
    prefix = []
    for row in rows:
        if row.row in acknowledged and (row.topic, row.key) not in broken:
            prefix.append(row.row)
        else:
            broken.add((row.topic, row.key))
    return prefix
