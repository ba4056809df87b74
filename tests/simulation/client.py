"""A fake of the Kafka client as a member of a group, as far as `KafkaConsumer` uses it; on a simulated thread."""

from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import TopicPartition as ClientPartition

from choreography.wire.record import TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.group import SESSION_SECONDS, Committed, Group, Session
from tests.simulation.process import Thread
from tests.simulation.reader import LONGEST_POLL, NO_OFFSET, SimMessage, SimReader, at_of

COMMIT_SECONDS: Final = 1.0
Callback = Callable[[Any, list[ClientPartition]], None]


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
        return [self._committed(at_of(one)) for one in partitions]

    def store_offsets(self, message: Any = None, offsets: list[ClientPartition] | None = None) -> None:
        for one in offsets or ():
            self._stored[self._owned(one)] = Committed(one.offset, one.metadata or "")
        self._commit_soon(COMMIT_SECONDS)

    def incremental_unassign(self, partitions: list[ClientPartition]) -> None:
        gone = {at_of(one) for one in partitions}
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


def _as_client(partitions: list[TopicPartition]) -> list[ClientPartition]:
    return [ClientPartition(at.topic, at.partition) for at in partitions]
