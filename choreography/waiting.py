"""The rows of the outbox as the relay sees them: those that wait, and those that were published long ago."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from choreography.outbox import outbox, unpack_headers

BATCH: Final = 5_000  # rows
BATCH_BYTES: Final = 16_000_000  # copies of large records must not fill the memory
PRUNED: Final = 1_000  # rows at once
_FETCHED: Final = 100  # rows at once


class Outgoing(NamedTuple):
    """A record on its way out; `row` is its number in the outbox."""

    row: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


# Built once: building a statement costs more than executing it.
_WAITS: Final = outbox.c.published_at.is_(None)
_OLDEST: Final = (
    select(outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.value, outbox.c.headers)
    .where(_WAITS)
    .order_by(outbox.c.id)
    .limit(BATCH)
    .execution_options(yield_per=_FETCHED)
)
_IS_WAITING: Final = select(outbox.c.id).where(outbox.c.id == bindparam("of"), _WAITS)
_MARK: Final = update(outbox).where(outbox.c.id.between(bindparam("first"), bindparam("last")))
# The oldest rows by their number, so that looking for some costs the same however many there are.
_PRUNE: Final = delete(outbox).where(
    outbox.c.id.in_(select(outbox.c.id).order_by(outbox.c.id).limit(PRUNED)),
    outbox.c.published_at < bindparam("before"),
)


def oldest_waiting(tx: Connection) -> list[Outgoing]:
    """Return the oldest rows that are not marked, as many as may be in memory at once."""
    rows, size = [], 0
    with tx.execute(_OLDEST) as found:
        for row, topic, key, value, headers in found:
            rows.append(Outgoing(row, topic, key, value, unpack_headers(headers)))
            size += len(value or b"")
            if size >= BATCH_BYTES:
                break
    return rows


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


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive numbers: no row can have come between them meanwhile."""
    first = last = rows[0]
    for row in rows[1:]:
        if row != last + 1:
            yield first, last
            first = row
        last = row
    yield first, last
