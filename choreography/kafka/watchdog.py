"""The watchdog: a partition that has records and yields none, for no reason that anybody knows, ends the process.

A client that has lost its way in a partition does not say so: polls return, the group is content, and one employee in
six waits for ever. The remedy is a restart, which whoever supervises the process does.

It must not bark for nothing. A partition that is paused, or in which something was fetched, is well. How far it goes is
asked of the broker, and while that does not answer nothing is held against anybody. Behind the last record there may be
more offsets (transaction markers, what compaction removed), so the end that the client reports counts as reached.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from choreography.errors import ChoreographyError
from choreography.health import Health
from choreography.wire.record import TopicPartition

PART: Final = "fetching"
LOOKS: Final = 12  # within the time after which a partition counts as stuck
_ASK_SECONDS: Final = 2.0
_UNSEEN: Final = 3  # looks that were missed: the thread was elsewhere, and what stood before says nothing


class PartitionStuck(ChoreographyError):  # noqa: N818 - reads better without the suffix
    """A partition with records yields none; only a new process helps."""


class View(Protocol):
    """What the client knows about its partitions."""

    def position(self, at: TopicPartition) -> int:
        """Return the offset after the last record that was handed out; below 0 where none was."""
        ...

    def seen_end(self, at: TopicPartition) -> int:
        """Return the end of a partition as the client last saw it, without asking; below 0 where it has not."""
        ...

    def end(self, at: TopicPartition) -> int | None:
        """Ask the broker for the end of a partition; `None` where it does not answer."""
        ...


@dataclass(slots=True)
class _Watched:
    position: int
    asked: float
    behind_since: float | None = None


class Watchdog:
    """Looks at the partitions of one consumer, on its thread.

    Args:
        seconds: how long a partition with records may yield none.
        health: is told which one it is.
        monotonic: tells seconds that only ever grow.
    """

    def __init__(self, seconds: float, health: Health, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._every = seconds / LOOKS
        self._health = health
        self._monotonic = monotonic
        self._watched: dict[TopicPartition, _Watched] = {}
        self._paused: set[TopicPartition] = set()
        self._looked = monotonic()

    def assigned(self, starts: Mapping[TopicPartition, int]) -> None:
        """Watch partitions, which are read from these offsets on."""
        now = self._monotonic()
        self._watched |= {at: _Watched(start, now) for at, start in starts.items()}

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Watch partitions no longer."""
        for at in partitions:
            self._watched.pop(at, None)

    def paused(self, partitions: Iterable[TopicPartition]) -> None:
        """Expect nothing of partitions."""
        self._paused |= set(partitions)

    def resumed(self, partitions: Iterable[TopicPartition]) -> None:
        """Expect something of partitions again."""
        self._paused -= set(partitions)

    def ended(self, at: TopicPartition, offset: int) -> None:
        """Take note that everything before this offset was fetched, whether or not there were records in it."""
        if at in self._watched:
            self._watched[at].position = max(self._watched[at].position, offset)

    def look(self, view: View) -> None:
        """Look at every partition, if it is time to.

        Raises:
            PartitionStuck: one has records and yields none.
        """
        now = self._monotonic()
        since = now - self._looked
        if since < self._every:
            return
        self._looked = now
        if since > self._every * _UNSEEN:
            self._clear(self._watched)
            return
        self._clear(self._paused)
        for at, one in self._watched.items():
            if at not in self._paused and not self._is_well(at, one, view, now):
                return

    def _is_well(self, at: TopicPartition, one: _Watched, view: View, now: float) -> bool:
        """Look at one partition; return whether there is sense in looking at the next."""
        position = view.position(at)
        if position > one.position:
            one.position, one.behind_since = position, None
            return True
        seems_behind = view.seen_end(at) > one.position
        if not seems_behind and now - one.asked < self._seconds / 4:
            return True
        end = view.end(at)
        if end is None:
            self._clear(self._watched)
            return False
        one.asked = now
        if end <= one.position:
            one.behind_since = None
            return True
        one.behind_since = now if one.behind_since is None else one.behind_since
        if now - one.behind_since >= self._seconds:
            self._bark(at, end - one.position, now - one.behind_since)
        return True

    def _bark(self, at: TopicPartition, records: int, seconds: float) -> None:
        what = f"{at.topic}:{at.partition} yields nothing for {seconds:.0f} s, though {records} more offsets are there"
        self._health.set(PART, False, f"{what}. The process ends, to be restarted.")
        raise PartitionStuck(f"{what}. The process ends with an error so that whoever supervises it starts it again.")

    def _clear(self, partitions: Iterable[TopicPartition]) -> None:
        for at in partitions:
            if at in self._watched:
                self._watched[at].behind_since = None


class ClientView:
    """Asks through the consumer, on the consumer's thread."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def position(self, at: TopicPartition) -> int:
        """Return the offset after the last record that was handed out; below 0 where none was."""
        (found,) = self._consumer.position([ClientPartition(at.topic, at.partition)])
        return found.offset

    def seen_end(self, at: TopicPartition) -> int:
        """Return the end of a partition as the client last saw it, without asking; below 0 where it has not."""
        found = self._consumer.get_watermark_offsets(ClientPartition(at.topic, at.partition), cached=True)
        return found[1]

    def end(self, at: TopicPartition) -> int | None:
        """Ask the broker for the end of a partition; `None` where it does not answer."""
        asked = ClientPartition(at.topic, at.partition)
        try:
            found = self._consumer.get_watermark_offsets(asked, timeout=_ASK_SECONDS, cached=False)
        except KafkaException:
            return None
        return found[1] if cast("tuple[int, int] | None", found) else None  # it may be none, whatever its type says
