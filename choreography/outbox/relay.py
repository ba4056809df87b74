"""The relay: takes waiting records out of the outbox, in commit order per key, and publishes them at least once.

It always begins at the oldest row that is not marked, never "after the last number seen": a transaction that began
early may commit late. Only where the broker refuses all that is oldest does it look behind it, for other keys. Only a
prefix per key is marked, so that a key never overtakes itself. A crash between the broker's acknowledgement and the
mark repeats a record, with the same id.

One relay per database is active, the others stand by and take over (`choreography.outbox.relay_lock`). What was
published is deleted after a while, a few rows at a time, while nothing waits.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import DBAPIError

from choreography.clock import Clock
from choreography.database.database import Database
from choreography.errors import DatabaseClosed
from choreography.failpoint import reach
from choreography.health import Health
from choreography.outbox.pending import (
    Awaited,
    Outgoing,
    is_waiting,
    mark_published,
    oldest_waiting,
    prefix_per_key,
    prune,
)
from choreography.outbox.relay_lock import RelayLock

__all__ = ["Outgoing", "Publishing", "Relay"]

log = structlog.stdlib.get_logger(__name__)

IDLE_SECONDS: Final = 1.0
KEPT: Final = timedelta(days=7)  # after being published
PRUNE_SECONDS: Final = 60.0
PART: Final = "relay"


class Publishing(Protocol):
    """What publishes records."""

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Publish in order; return the rows that the broker acknowledged. Nothing is on its way any more then."""
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
        self._right = RelayLock(database)
        self._producer = producer
        self._clock = clock
        self._health = health or Health()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._awaited = Awaited()
        self._prune_at = clock.monotonic()
        self._after = 0
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
        future = self._awaited.wait(row)
        self._wake.set()
        while not future.done():
            with suppress(DBAPIError):  # who waits goes on waiting
                if not await self._database.run(lambda tx: is_waiting(tx, row)):
                    self._awaited.tell([row])
            await asyncio.wait((future,), timeout=IDLE_SECONDS)

    def step(self) -> int:
        """Publish the oldest waiting rows once; return how many were marked.

        Where none of a whole batch was taken, the next step goes on behind it and leaves its keys alone, and so on to
        the end: what the broker refuses must not keep the others waiting.
        """
        after, self._after = self._after, 0
        batch = self._right.run(lambda tx: oldest_waiting(tx, after))
        marked = self._publish(batch.rows)
        if after or not marked:
            refused = {topic for topic, _ in batch.passed} | {row.topic for row in batch.rows if row.row not in marked}
            self._health.set(PART, not refused, _refusal(refused))
            self._after = batch.end
        return len(marked)

    def _publish(self, rows: Sequence[Outgoing]) -> set[int]:
        """Publish and mark; return what was marked."""
        prefix = prefix_per_key(rows, self._producer.publish(rows)) if rows else []
        if prefix:
            self._awaited.tell(prefix)
            reach("relay_after_ack")
            now = self._clock.now().isoformat()
            self._right.run(lambda tx: mark_published(tx, prefix, now))
            reach("relay_after_mark")
            self._awaited.tell(prefix)  # who has begun to wait meanwhile
        return set(prefix)

    def tidy(self) -> int:
        """Delete a few of the rows that were published long ago, from time to time; return how many."""
        if self._clock.monotonic() < self._prune_at:
            return 0
        before = (self._clock.now() - KEPT).isoformat()
        deleted = self._right.run(lambda tx: prune(tx, before))
        self._prune_at = self._clock.monotonic() + (0 if deleted else PRUNE_SECONDS)
        return deleted

    def _run(self) -> None:
        try:
            while self._may_publish():
                is_last = self._stopping.is_set()  # what was committed before the end of it was told leaves, too
                pause = self._wake if self._drained() else self._stopping
                if is_last:
                    return
                if not self._stopping.is_set():
                    pause.wait(IDLE_SECONDS)
        except DatabaseClosed:
            log.info("relay.ended", reason="the deadline is over; what waits leaves at the next start")
        finally:
            self._right.give_back()

    def _may_publish(self) -> bool:
        """Wait for the right to publish; tell whether it was obtained before the end."""
        while not self._right.is_held:
            try:
                if self._right.try_take():
                    log.info("relay.active")
                    break
            except (DBAPIError, OSError) as error:
                self._stuck(error)
            if self._stopping.wait(IDLE_SECONDS):
                return False
        return True

    def _drained(self) -> bool:
        """Publish all that waits; tell whether there was no trouble."""
        self._wake.clear()
        try:
            while self.step() or self._after:
                pass
            if not self._stopping.is_set():
                self.tidy()
        except DatabaseClosed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, what waits is tried again
            self._stuck(error)
            return False
        return True

    def _stuck(self, error: Exception) -> None:
        kind = type(error).__name__
        log.error("outbox.stuck", error=kind, exc_info=error)
        self._health.set(PART, False, f"The outbox cannot be published ({kind}); it is tried again.")


def _refusal(topics: set[str]) -> str:
    if not topics:
        return ""
    return f"The broker does not take what waits for {', '.join(sorted(topics))}. See the log; nothing is lost."
