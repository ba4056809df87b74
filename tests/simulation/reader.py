"""A fake of the Kafka client as far as it reads, which is all that `KafkaScout` does, on a simulated thread."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from choreography.wire.record import Record, TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.process import Thread

COMMIT_SECONDS: Final = 1.0
LONGEST_POLL: Final = 30.0
MOST_AT_ONCE: Final = 12
NO_OFFSET: Final = -1001
Callback = Callable[[Any, list[ClientPartition]], None]


class SimMessage:
    """A record, or the news that a partition ends here."""

    def __init__(self, record: Record, *, is_end: bool = False) -> None:
        self._record = record
        self._is_end = is_end

    def topic(self) -> str:
        return self._record.topic

    def partition(self) -> int:
        return self._record.partition

    def offset(self) -> int:
        return self._record.offset

    def key(self) -> bytes | None:
        return self._record.key

    def value(self) -> bytes | None:
        return self._record.value

    def headers(self) -> list[tuple[str, bytes | None]]:
        return list(self._record.headers)

    def timestamp(self) -> tuple[int, int]:
        return 1, self._record.timestamp_ms

    def error(self) -> KafkaError | None:
        return KafkaError(KafkaError._PARTITION_EOF) if self._is_end else None


class SimReader:
    """Fetching: positions of assigned partitions, some of them paused."""

    def __init__(self, broker: Broker, thread: Thread) -> None:
        self.broker = broker
        self.thread = thread
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.tells_ends = False
        self.longest = LONGEST_POLL
        self._ended: set[TopicPartition] = set()
        broker.listeners.append(thread.wake)
        thread.process.died.append(lambda: broker.listeners.remove(thread.wake))

    def incremental_assign(self, partitions: list[ClientPartition]) -> None:
        for one in partitions:
            at = at_of(one)
            self.positions[at] = one.offset
            self.paused.discard(at)
            self._ended.discard(at)

    def incremental_unassign(self, partitions: list[ClientPartition]) -> None:
        for one in partitions:
            self.positions.pop(at_of(one), None)

    def assignment(self) -> list[ClientPartition]:
        return [ClientPartition(at.topic, at.partition) for at in self.positions]

    def pause(self, partitions: list[ClientPartition]) -> None:
        self.paused |= {self._owned(one) for one in partitions}

    def resume(self, partitions: list[ClientPartition]) -> None:
        self.paused -= {self._owned(one) for one in partitions}

    def seek(self, one: ClientPartition) -> None:
        self.positions[self._owned(one)] = one.offset
        self._ended.discard(at_of(one))

    def position(self, partitions: list[ClientPartition]) -> list[ClientPartition]:
        return [
            ClientPartition(one.topic, one.partition, self.positions.get(at_of(one), NO_OFFSET)) for one in partitions
        ]

    def list_topics(self, topic: str, timeout: float = 1.0) -> Any:
        self._must_answer()
        numbers = {at.partition: None for at in self.broker.partitions(topic)}
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=numbers, error=None)})

    def get_watermark_offsets(
        self, one: ClientPartition, timeout: float = 1.0, cached: bool = False
    ) -> tuple[int, int] | None:
        self._must_answer()
        return 0, self.broker.logs[at_of(one)].end

    def offsets_for_times(self, partitions: list[ClientPartition], timeout: float = 1.0) -> list[ClientPartition]:
        self._must_answer()
        found = []
        for one in partitions:
            records = self.broker.logs[at_of(one)].records
            later = (record.offset for record in records if record.timestamp_ms >= one.offset)
            found.append(ClientPartition(one.topic, one.partition, next(later, -1)))
        return found

    def consume(self, number: int = 1, timeout: float = -1) -> list[SimMessage]:
        """Return what is there; wait for it only where there is a timeout."""
        found = self._take(number)
        if not found and timeout:
            self.thread.wait(self.longest)
            found = self._take(number)
        return found

    def close(self) -> None:
        self.positions.clear()

    def _take(self, number: int) -> list[SimMessage]:
        if self.broker.is_away:
            return []
        found: list[SimMessage] = []
        for at in self._in_any_order():
            most = min(number - len(found), 1 + int(self.thread.process.world.chance.random() ** 2 * MOST_AT_ONCE))
            if most > 0:
                found += self._take_from(at, most)
        return found

    def _take_from(self, at: TopicPartition, number: int) -> list[SimMessage]:
        log, found = self.broker.logs[at], []
        for _ in range(number):
            record = log.next_from(self.positions[at])
            if record is None:
                if self.tells_ends and at not in self._ended:
                    self.positions[at] = max(self.positions[at], log.end)
                    self._ended.add(at)
                    found.append(SimMessage(Record(at.topic, at.partition, log.end, None, None), is_end=True))
                break
            self._ended.discard(at)
            self.positions[at] = record.offset + 1
            found.append(SimMessage(record))
        return found

    def _in_any_order(self) -> list[TopicPartition]:
        open_now = [at for at in self.positions if at not in self.paused]
        self.thread.process.world.chance.shuffle(open_now)
        return open_now

    def _owned(self, one: ClientPartition) -> TopicPartition:
        at = at_of(one)
        if at not in self.positions:
            raise KafkaException(KafkaError(KafkaError._STATE))
        return at

    def _must_answer(self) -> None:
        self.thread.turn()
        if self.broker.is_away:
            self.thread.wait(5.0)
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def at_of(one: ClientPartition) -> TopicPartition:
    return TopicPartition(one.topic, one.partition)
