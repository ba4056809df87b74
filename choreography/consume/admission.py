"""What was fetched, on its way into the lanes.

A large batch is a backlog, or a replay. Then the ledger is asked first, in one statement for all, which of these very
records are finished: same place in the same topic, and the id that the header names. Those need not even be decoded.
What a header says wrongly matches nothing, since the ledger has its id from the record itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from choreography.consume.lane import LaneState, Partition
from choreography.consume.lanes import Lanes
from choreography.ledger.journal import Journal
from choreography.wire.record import Record

LARGE: Final = 50


class Admission:
    """Hands batches to the lanes, in the order in which they came.

    Args:
        journal: knows what is finished.
        lanes: take the records.
        start: has lanes run.
        moved: called whenever a batch has been handed on.
        large: from how many records on the ledger is asked first.
    """

    def __init__(
        self,
        journal: Journal,
        lanes: Lanes,
        start: Callable[[Sequence[LaneState]], None],
        *,
        moved: Callable[[], None],
        large: int = LARGE,
    ) -> None:
        self._journal = journal
        self._lanes = lanes
        self._start = start
        self._moved = moved
        self._large = large
        self._waiting: deque[Sequence[tuple[Record, Partition]]] = deque()
        self._asking: asyncio.Task[None] | None = None

    def take(self, batch: Sequence[Record]) -> None:
        """Take a batch; records of foreign partitions are dropped."""
        if self._asking is None and len(batch) < self._large:
            self._start(self._lanes.on_records(batch))
            return
        found = ((record, self._lanes.partition(record.at)) for record in batch)
        self._waiting.append([(record, partition) for record, partition in found if partition is not None])
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    @property
    def count(self) -> int:
        """How many records are on their way."""
        return sum(len(batch) for batch in self._waiting)

    async def drained(self) -> None:
        """Wait until every batch has been handed on."""
        while self._asking is not None:
            await asyncio.wait((self._asking,))

    async def _ask(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[0]
                finished = await self._journal.finished_among([record for record, _ in batch])
                # a partition that went meanwhile is read again by whoever has it now, perhaps by us
                left = [record for record, partition in batch if partition.is_owned]
                self._start(self._lanes.on_records(left, finished))
                self._waiting.popleft()
                self._moved()
        finally:
            self._asking = None
