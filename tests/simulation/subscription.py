"""The real subscription, its thread a simulated one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from choreography.consume.subscription import Subscription
from choreography.kafka.offsets import Offsets
from choreography.wire.record import TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.process import Thread


class Uncounted:
    """Offsets, but for the count of cases."""

    def __init__(self, ask: Offsets) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ask, name)

    def cases(self, *_spans: object) -> int:
        return 0


class SimSubscription(Subscription):
    """A subscription whose thread is a simulated one.

    Attributes:
        thread: the consumer's.
        broker: tells where partitions end.
        told: called with each assignment once it is claimed, and where the partitions ended before that.
    """

    thread: Thread
    broker: Broker
    told: Callable[[str, Mapping[TopicPartition, int]], None]

    def begins(self, missing: Sequence[TopicPartition], ask: Offsets) -> Mapping[TopicPartition, int]:
        """Begin without counting the cases ahead, which takes another client and is only told to people."""
        uncounted: Any = Uncounted(ask)
        return super().begins(missing, uncounted)

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Claim partitions; what was there before that has to be looked at before anything is done."""
        ends = {at: self.broker.logs[at].end for at in starts}
        super().assigned(starts)
        self.told(self.thread.process.name, ends)

    def revoked(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait in simulated time until what runs in these partitions has ended."""
        task = self.thread.process.begin(self.on_revoke(tuple(partitions)))
        task.add_done_callback(lambda _: self.thread.wake())
        self.thread.wait_for(task.done)
        positions: Mapping[TopicPartition, int] = task.result()
        return positions
