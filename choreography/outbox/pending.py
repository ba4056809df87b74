"""The rows of the outbox as the relay sees them: those that wait, and those that were published long ago.

What is read at once is read as at one moment. Otherwise a row of a key could be seen without the one before it, which
was committed between two looks.
"""

import asyncio
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from choreography.database.transaction import see_one_moment
from choreography.outbox.outbox import outbox, unpack_headers


class Awaited:
    """Who waits for which row."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._lock = threading.Lock()

    def wait(self, row: int) -> "asyncio.Future[None]":
        """Return what is done when somebody tells that the row has left."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.setdefault(row, []).append(future)
        return future

    def tell(self, rows: Sequence[int]) -> None:
        """Tell who waits for these rows that they have left."""
        with self._lock:
            futures = [future for row in rows for future in self._waiting.pop(row, ())] if self._waiting else []
        for future in futures:
            future.get_loop().call_soon_threadsafe(_resolve, future)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


BATCH: Final = 5_000  # rows
BATCH_BYTES: Final = 16_000_000  # copies of large records must not fill the memory
PRUNED: Final = 1_000  # rows at once
_FETCHED: Final = 100  # rows at once


Key = tuple[str, bytes | None]  # of a record, in its topic


class Outgoing(NamedTuple):
    """A record on its way out; `row` is its number in the outbox."""

    row: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]

    @property
    def order(self) -> Key:
        """What it must stay in order with."""
        return self.topic, self.key


# Built once: building a statement costs more than executing it.
_WAITS: Final = outbox.c.published_at.is_(None)
_OLDEST: Final = (
    select(outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.value, outbox.c.headers)
    .where(_WAITS, outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(_FETCHED)
)
_KEYS: Final = select(outbox.c.topic, outbox.c.key).where(_WAITS, outbox.c.id <= bindparam("until")).distinct()
_IS_WAITING: Final = select(outbox.c.id).where(outbox.c.id == bindparam("of"), _WAITS)
_MARK: Final = update(outbox).where(outbox.c.id.between(bindparam("first"), bindparam("last")))
# The oldest rows by their number, so that looking for some costs the same however many there are.
_PRUNE: Final = delete(outbox).where(
    outbox.c.id.in_(select(outbox.c.id).order_by(outbox.c.id).limit(PRUNED)),
    outbox.c.published_at < bindparam("before"),
)


class Batch(NamedTuple):
    """Rows in the order in which they wait.

    Attributes:
        rows: to be published.
        passed: the keys of rows that wait before these; rows of those keys are left alone.
        end: the number of the last row that was looked at; 0 when no more were waiting behind it.
    """

    rows: list[Outgoing]
    passed: set[Key]
    end: int


def oldest_waiting(tx: Connection, after: int = 0) -> Batch:
    """Return the oldest rows that are not marked, as many as may be in memory at once."""
    see_one_moment(tx)
    passed = {(topic, key) for topic, key in tx.execute(_KEYS, {"until": after})} if after else set()
    rows: list[Outgoing] = []
    looked, size, end = 0, 0, after
    while found := tx.execute(_OLDEST, {"after": end}).all():
        for row, topic, key, value, headers in found:
            looked, size, end = looked + 1, size + len(value or b""), row
            if (topic, key) not in passed:
                rows.append(Outgoing(row, topic, key, value, unpack_headers(headers)))
            if looked >= BATCH or size >= BATCH_BYTES:
                return Batch(rows, passed, end)
    return Batch(rows, passed, 0)


def is_waiting(tx: Connection, row: int) -> bool:
    """Tell whether a row is not marked yet."""
    return tx.execute(_IS_WAITING, {"of": row}).first() is not None


def mark_published(tx: Connection, rows: Sequence[int], at: str) -> None:
    """Mark rows, given in ascending order."""
    if rows:
        tx.execute(_MARK, [{"first": first, "last": last, "published_at": at} for first, last in _runs(rows)])


def prune(tx: Connection, before: str) -> int:
    """Delete a few of the rows that were published before a time; return how many. What waits is never deleted."""
    return tx.execute(_PRUNE, {"before": before}).rowcount


def prefix_per_key(rows: Sequence[Outgoing], acknowledged: Collection[int]) -> list[int]:
    """Return the acknowledged rows that have no other one of their key before them."""
    if len(acknowledged) == len(rows):
        return [row.row for row in rows]
    broken: set[Key] = set()
    prefix = []
    for row in rows:
        if row.row in acknowledged and row.order not in broken:
            prefix.append(row.row)
        else:
            broken.add(row.order)
    return prefix


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive numbers: no row can have come between them meanwhile."""
    first = last = rows[0]
    for row in rows[1:]:
        if row != last + 1:
            yield first, last
            first = row
        last = row
    yield first, last
