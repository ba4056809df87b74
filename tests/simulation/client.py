"""A fake of the Kafka client, as far as `KafkaConsumer` and `KafkaScout` use it; it lives on a simulated thread."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from choreography.record import Record, TopicPartition
from tests.simulation.broker import SESSION_SECONDS, Broker, Committed, Group, Session
from tests.simulation.world import Thread

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
            at = _at(one)
            self.positions[at] = one.offset
            self.paused.discard(at)
            self._ended.discard(at)

    def incremental_unassign(self, partitions: list[ClientPartition]) -> None:
        for one in partitions:
            self.positions.pop(_at(one), None)

    def assignment(self) -> list[ClientPartition]:
        return [ClientPartition(at.topic, at.partition) for at in self.positions]

    def pause(self, partitions: list[ClientPartition]) -> None:
        self.paused |= {self._owned(one) for one in partitions}

    def resume(self, partitions: list[ClientPartition]) -> None:
        self.paused -= {self._owned(one) for one in partitions}

    def seek(self, one: ClientPartition) -> None:
        self.positions[self._owned(one)] = one.offset
        self._ended.discard(_at(one))

    def position(self, partitions: list[ClientPartition]) -> list[ClientPartition]:
        return [
            ClientPartition(one.topic, one.partition, self.positions.get(_at(one), NO_OFFSET)) for one in partitions
        ]

    def list_topics(self, topic: str, timeout: float = 1.0) -> Any:
        self._must_answer()
        numbers = {at.partition: None for at in self.broker.partitions(topic)}
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=numbers, error=None)})

    def get_watermark_offsets(
        self, one: ClientPartition, timeout: float = 1.0, cached: bool = False
    ) -> tuple[int, int] | None:
        self._must_answer()
        return 0, self.broker.logs[_at(one)].end

    def offsets_for_times(self, partitions: list[ClientPartition], timeout: float = 1.0) -> list[ClientPartition]:
        self._must_answer()
        found = []
        for one in partitions:
            records = self.broker.logs[_at(one)].records
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
        at = _at(one)
        if at not in self.positions:
            raise KafkaException(KafkaError(KafkaError._STATE))
        return at

    def _must_answer(self) -> None:
        self.thread.turn()
        if self.broker.is_away:
            self.thread.wait(5.0)
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class SimConsumer(SimReader):
    """A member of a group; the callbacks are called from within `poll` and `consume`, as librdkafka does."""

    def __init__(self, broker: Broker, group: Group, thread: Thread) -> None:
        super().__init__(broker, thread)
        self._group = group
        self._stored: dict[TopicPartition, Committed] = {}
        self._will_commit = False
        self._session: Session | None = None

    def subscribe(self, topics: list[str], on_assign: Callback, on_revoke: Callback, on_lost: Callback) -> None:
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self._join()

    def poll(self, timeout: float = -1) -> SimMessage | None:
        """Return one record; what the broker wants is done first."""
        self._rebalance()
        found = self._take(1)
        if not found:
            self.thread.wait(LONGEST_POLL)
            return None
        return found[0]

    def consume(self, number: int = 1, timeout: float = -1) -> list[SimMessage]:
        """Return more records; what the broker wants may come in between, so that the record of `poll` is stale."""
        if self.thread.process.world.chance.random() < 0.5:
            self.thread.turn()
            self._rebalance()
        return self._take(number)

    def committed(self, partitions: list[ClientPartition], timeout: float = 1.0) -> list[ClientPartition]:
        self._must_answer()
        return [self._committed(_at(one)) for one in partitions]

    def store_offsets(self, message: Any = None, offsets: list[ClientPartition] | None = None) -> None:
        for one in offsets or ():
            self._stored[self._owned(one)] = Committed(one.offset, one.metadata or "")
        self._commit_soon(COMMIT_SECONDS)

    def incremental_unassign(self, partitions: list[ClientPartition]) -> None:
        gone = {_at(one) for one in partitions}
        if self._session is not None:
            leaving = {at: one for at, one in self._stored.items() if at in gone}
            self._group.commit(self._session, leaving)
        for at in gone:
            self._stored.pop(at, None)
        super().incremental_unassign(partitions)

    def commit(self, **_: Any) -> None:
        self._commit()

    def close(self) -> None:
        """Give everything up, commit what is stored, leave."""
        if self.positions and self._session is not None and self._session.valid:
            owned = list(self.positions)
            self._on_revoke(self, _as_client(owned))
            self._group.released(self._session, owned)
        if self._session is not None:
            self._group.leave(self._session)
        super().close()

    def _join(self) -> None:
        process, world = self.thread.process, self.thread.process.world
        session = self._session = self._group.join(process, self.thread.wake)
        process.silenced.append(lambda: world.after(SESSION_SECONDS, lambda: self._group.expire(session)))

    def _rebalance(self) -> None:
        session = self._session
        assert session is not None
        if not session.valid:
            lost = list(self.positions)
            self._on_lost(self, _as_client(lost))
            self.positions.clear()
            self._stored.clear()
            self._join()
        elif session.revoking:
            given_up = sorted(session.revoking & self.positions.keys())
            self._on_revoke(self, _as_client(given_up))
            self._group.released(session, given_up)
        elif session.granted or session.is_new:
            granted = sorted(session.granted)
            session.is_new = False
            session.granted.clear()
            session.owned |= set(granted)
            self._on_assign(self, _as_client(granted))

    def _committed(self, at: TopicPartition) -> ClientPartition:
        found = self._group.committed.get(at)
        if found is None:
            return ClientPartition(at.topic, at.partition, NO_OFFSET)
        return ClientPartition(at.topic, at.partition, found.offset, metadata=found.metadata)

    def _commit_soon(self, seconds: float) -> None:
        if not self._will_commit:
            self._will_commit = True
            world = self.thread.process.world
            world.after(world.chance.random() * seconds, self._commit)

    def _commit(self) -> None:
        self._will_commit = False
        process = self.thread.process
        if not process.alive or self._session is None or not self._stored:
            return
        if process.paused_until > process.world.now:
            self._commit_soon(process.paused_until - process.world.now + COMMIT_SECONDS)
        elif self.broker.is_away:
            self._commit_soon(COMMIT_SECONDS * 2)
        else:
            self._group.commit(self._session, self._stored)
            self._stored = {}


def _at(one: ClientPartition) -> TopicPartition:
    return TopicPartition(one.topic, one.partition)


def _as_client(partitions: list[TopicPartition]) -> list[ClientPartition]:
    return [ClientPartition(at.topic, at.partition) for at in partitions]
