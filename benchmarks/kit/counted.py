"""Where the time is taken: at the consumer's thread, and where a record ends."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from benchmarks.kit.span import Moment, Span
from choreography.consume.lane import After, Handling, Lane
from choreography.consume.subscription import Subscription
from choreography.ledger.held_record import HeldRecord
from choreography.wire.record import Record, TopicPartition


class Watched(Subscription):
    """Tells when a batch is handed over, on the consumer's thread, and how far the partitions are, on the loop."""

    on_polled: Callable[[], None] = staticmethod(lambda: None)
    on_batch: Callable[[Sequence[Record]], None] = staticmethod(lambda _batch: None)
    on_settled: Callable[[Mapping[TopicPartition, int]], None] = staticmethod(lambda _positions: None)

    def polled(self) -> None:
        """Take note that `poll()` has returned."""
        self.on_polled()
        super().polled()

    def records(self, batch: Sequence[Record]) -> None:
        """Take note of a batch."""
        self.on_batch(batch)
        super().records(batch)

    def _settle(self) -> None:
        super()._settle()
        self.on_settled(self._finished.positions())


class Counted:
    """Counts the records that have ended, and takes the time between two of them.

    Args:
        inner: handles them.
        warm: the number of the record at whose end the time begins; 0 is the first batch.
        number: of records from there to the end.
        told: hears now and then how many there are.
    """

    def __init__(self, inner: Handling, warm: int, number: int, told: Callable[[int], None]) -> None:
        self._inner = inner
        self._warm = warm
        self._number = number
        self._told = told
        self._begun: Moment | None = None
        self._ended = 0
        self.over: asyncio.Future[Span] = asyncio.get_running_loop().create_future()

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
        """Handle a record and count it."""
        after = await self._inner.handle(record, lane, waited)
        self._ended += 1
        if self._ended == self._warm:
            self._begun = Moment.now()
        elif self._ended == self._warm + self._number and self._begun is not None:
            self.over.set_result(self._begun.until(Moment.now(), self._number))
        if not self._ended % 1_000:
            self._told(self._ended)
        return after

    def begin(self) -> None:
        """Begin with the first batch, unless some records come before."""
        if not self._warm and self._begun is None:
            self._begun = Moment.now()
