"""Between the consumer's thread and the event loop: assignments in, records in, positions out.

What the consumer tells is handed to the loop. When partitions are revoked the consumer's thread waits here until what
is in flight has ended or the deadline is over.

It waits here too while the lanes are full. To pause fetching throws away all that the client has fetched ahead, which
has to come again: where the lanes are full for some milliseconds only, as in a replay, that took nine tenths of the
time. So fetching is paused only when a moment's patience was not enough.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from choreography.consume.backlog import Lanes as Waiting
from choreography.consume.membership import PART, Membership
from choreography.consume.start import begin
from choreography.kafka.offsets import Offsets
from choreography.ledger.claims import take_claims
from choreography.ledger.positions import begin_positions
from choreography.wire.record import Record, TopicPartition

Positions = Mapping[TopicPartition, int]
PATIENCE_SECONDS: Final = 0.5  # nothing is polled meanwhile; a session lives for many times as long


class Subscription(Membership):
    """A membership that is fed by a consumer's thread; everything here is called on that thread."""

    def begins(self, missing: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Say where partitions without a committed offset begin: where the ledger says, else where `starts` says."""
        return begin(self._journal, self._starts, missing, ask)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Claim what was given to this member, find what waits there, and tell the loop."""
        claims, begins, waiting, ahead = self._journal.persist_sync(lambda tx: self._taken(tx, starts))
        self._loop.call_soon_threadsafe(self.on_assign, claims, begins, waiting, ahead)

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait until what runs in these partitions has ended; return the positions to store."""
        return asyncio.run_coroutine_threadsafe(self.on_revoke(tuple(partitions)), self._loop).result()

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions that belong to another member already."""
        self._loop.call_soon_threadsafe(self.on_lost, tuple(partitions))

    def records(self, batch: Sequence[Record]) -> None:
        """Hand a batch to the loop; return once there is room for another, or fetching is to be paused."""
        self.room.clear()
        self._loop.call_soon_threadsafe(self.on_records, batch)
        if not self.room.wait(PATIENCE_SECONDS):
            self._loop.call_soon_threadsafe(self.on_no_room)

    def polled(self) -> None:
        """Take note that the thread is alive."""
        self._health.beat(PART)

    def _taken(self, tx: Connection, starts: Positions) -> tuple[Positions, Positions, Waiting, Positions]:
        claims = take_claims(tx, starts)
        oldest = self._backlog.oldest(tx)
        ahead = {at: min(start, oldest.get(at, start)) for at, start in starts.items()}
        return claims, begin_positions(tx), self._backlog.load(tx, starts), ahead
