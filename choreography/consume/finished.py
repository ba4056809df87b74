"""How far the partitions are finished: written into the ledger first, and then stored as offsets.

So the ledger is never behind the committed offsets; one that is behind is an old copy of it, and is refused at start.
Writing happens a few times a second for all partitions together, and at once when a partition is given up.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from choreography.consume.lane import Partition
from choreography.errors import ClaimLost, DatabaseClosed
from choreography.failpoint import reach
from choreography.ledger.claims import check_claim
from choreography.ledger.journal import Journal
from choreography.ledger.positions import write_finished
from choreography.wire.record import TopicPartition

Positions = Mapping[TopicPartition, int]
PAUSE_SECONDS: Final = 0.2


class Finished:
    """The finished prefix of each partition, on its way to the ledger and to the broker.

    Args:
        journal: where it is written down.
        partition: returns a partition that is held now.
        store: has the positions stored as offsets.
    """

    def __init__(
        self,
        journal: Journal,
        partition: Callable[[TopicPartition], Partition | None],
        store: Callable[[Positions], None],
    ) -> None:
        self._journal = journal
        self._partition = partition
        self._store = store
        self._waiting: dict[TopicPartition, int] = {}
        self._known: dict[TopicPartition, int] = {}
        self._writing: asyncio.Task[None] | None = None
        self._flushing = asyncio.Lock()

    def add(self, positions: Positions) -> None:
        """Take positions; they are stored soon."""
        if positions:
            self._waiting |= positions
            self._known |= positions
            if self._writing is None:
                self._writing = asyncio.get_running_loop().create_task(self._write())

    def positions(self) -> dict[TopicPartition, int]:
        """Return the newest position of each partition that has moved."""
        return dict(self._known)

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Store nothing more for these partitions."""
        for at in partitions:
            self._waiting.pop(at, None)
            self._known.pop(at, None)

    async def flushed(self, seconds: float) -> Positions:
        """Write down at once what waits; return what may be stored now, which is nothing if the ledger is away."""
        try:
            async with asyncio.timeout(seconds):
                return await self._flush()
        except TimeoutError:
            return {}

    async def _write(self) -> None:
        with suppress(DatabaseClosed):  # the process is ending; what was not stored is read again
            while self._waiting:
                await self._flush()
                reach("after_offset_stored")
                await self._journal.clock.sleep(PAUSE_SECONDS)
        self._writing = None

    async def _flush(self) -> Positions:
        async with self._flushing:
            taken, self._waiting = self._waiting, {}
            held = {at: partition for at in taken if (partition := self._partition(at)) is not None}
            written = await self._journal.persist(lambda tx: _written(tx, taken, held))
            owned = {at for at, partition in held.items() if partition.is_owned}  # still, under the same assignment
            for at in owned - written.keys():  # a claim that was lost may be taken again
                self._waiting.setdefault(at, taken[at])
            storable = {at: position for at, position in written.items() if at in owned}
            self._store(storable)
            return storable


def _written(
    tx: Connection, positions: Positions, held: Mapping[TopicPartition, Partition]
) -> dict[TopicPartition, int]:
    written: dict[TopicPartition, int] = {}
    for at, partition in held.items():
        with suppress(ClaimLost):
            check_claim(tx, at, partition.claim)
            written[at] = positions[at]
    write_finished(tx, written)
    return written
