"""A fake broker: partitions with gaps in their offsets, and a group with generations and committed offsets."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from choreography.record import Record, TopicPartition
from tests.simulation.world import Process, World

SESSION_SECONDS: Final = 6.0
Headers = Sequence[tuple[str, bytes | None]]


@dataclass
class Log:
    """One partition.

    Attributes:
        end: the offset after the last one; where a transaction has ended, that is not the last record's plus one.
    """

    records: list[Record] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    end: int = 0

    def next_from(self, offset: int) -> Record | None:
        """Return the first record at or after an offset."""
        index = bisect_left(self.offsets, offset)
        return self.records[index] if index < len(self.records) else None


class Broker:
    """Topics, and whoever wants to know of new records.

    Args:
        world: where it stands.
        gaps: how likely it is that offsets are left out before or after a record.
    """

    def __init__(self, world: World, partitions: int, gaps: float) -> None:
        self._world = world
        self._partitions = partitions
        self._gaps = gaps
        self.logs: dict[TopicPartition, Log] = {}
        self.away_until = 0.0
        self.listeners: list[Callable[[], None]] = []

    @property
    def is_away(self) -> bool:
        """Whether nobody reaches it now."""
        return self._world.now < self.away_until

    def create(self, topic: str, partitions: int | None = None) -> None:
        """Create a topic."""
        for number in range(partitions or self._partitions):
            self.logs.setdefault(TopicPartition(topic, number), Log())

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of a topic."""
        return [at for at in self.logs if at.topic == topic]

    def of(self, topic: str) -> list[Log]:
        """Return the logs of a topic's partitions."""
        return [self.logs[at] for at in self.partitions(topic)]

    def append(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Record:
        """Take a record."""
        places = self.partitions(topic)
        at = places[crc32(key or b"") % len(places)]
        log = self.logs[at]
        if self._world.chance.random() < self._gaps:
            log.end += 1 + int(self._world.chance.random() * 3)
        record = Record(topic, at.partition, log.end, key, value, tuple(headers), int(self._world.now * 1000))
        log.records.append(record)
        log.offsets.append(log.end)
        log.times.append(self._world.steps)
        log.end += 1
        if self._world.chance.random() < self._gaps:
            log.end += 1
        for tell in tuple(self.listeners):
            tell()
        return record

    def go_away(self, seconds: float) -> None:
        """Answer nobody for a while."""
        self._world.say(f"the broker is away for {seconds:.1f} s")
        self.away_until = self._world.now + seconds
        self._world.after(seconds, self._come_back)

    def _come_back(self) -> None:
        for tell in tuple(self.listeners):
            tell()


@dataclass(eq=False)
class Session:
    """A member of a group, as long as the broker believes in it."""

    process: Process
    wake: Callable[[], None]
    valid: bool = True
    owned: set[TopicPartition] = field(default_factory=set)
    revoking: set[TopicPartition] = field(default_factory=set)
    granted: set[TopicPartition] = field(default_factory=set)
    is_new: bool = True


@dataclass(frozen=True)
class Committed:
    """A committed offset and what the group wrote beside it."""

    offset: int
    metadata: str


class Group:
    """A consumer group: who owns what, and how far it has come.

    Attributes:
        told: called with each commit.
    """

    def __init__(self, world: World, broker: Broker, topics: Iterable[str]) -> None:
        self._world = world
        self.partitions = sorted(at for topic in topics for at in broker.partitions(topic))
        self.committed: dict[TopicPartition, Committed] = {}
        self.told: Callable[[str, Mapping[TopicPartition, int]], None] = lambda _who, _offsets: None
        self._sessions: list[Session] = []
        self._owner: dict[TopicPartition, Session] = {}

    @property
    def is_empty(self) -> bool:
        """Whether it has no live members."""
        return not self._sessions

    def join(self, process: Process, wake: Callable[[], None]) -> Session:
        """Let a member in."""
        session = Session(process, wake)
        self._sessions.append(session)
        self.rebalance()
        return session

    def leave(self, session: Session) -> None:
        """Let a member go; nothing of it counts any more."""
        if not session.valid:
            return
        session.valid = False
        self._sessions.remove(session)
        self._owner = {at: owner for at, owner in self._owner.items() if owner is not session}
        session.wake()
        self.rebalance()

    def expire(self, session: Session) -> None:
        """Expel a member that has been silent for too long."""
        silent = not session.process.alive or session.process.paused_until > self._world.now
        if silent and session.valid:
            self._world.say(f"{session.process.name} is expelled")
            self.leave(session)

    def expel_someone(self) -> None:
        """Expel a member that has done nothing wrong."""
        if self._sessions:
            session = self._world.chance.choice(self._sessions)
            self._world.say(f"{session.process.name} is expelled for nothing")
            self.leave(session)

    def rebalance(self) -> None:
        """Decide anew who owns what; who has to give something up is asked to."""
        if not self._sessions:
            return
        chance = self._world.chance
        for at in self.partitions:
            owner = self._owner.get(at)
            if owner is None:
                self._grant(chance.choice(self._sessions), at)
            elif len(self._sessions) > 1 and at not in owner.granted and chance.random() < 0.5:
                owner.revoking.add(at)
                owner.wake()

    def released(self, session: Session, partitions: Iterable[TopicPartition]) -> None:
        """Take note that a member gave partitions up."""
        for at in partitions:
            session.revoking.discard(at)
            session.owned.discard(at)
            if self._owner.get(at) is session:
                del self._owner[at]
                others = [one for one in self._sessions if one is not session] or self._sessions
                self._grant(self._world.chance.choice(others), at)

    def commit(self, session: Session, offsets: Mapping[TopicPartition, Committed]) -> bool:
        """Commit, unless the member has been expelled."""
        if session.valid and offsets:
            self.committed |= offsets
            self.told(session.process.name, {at: one.offset for at, one in offsets.items()})
        return session.valid

    def _grant(self, session: Session, at: TopicPartition) -> None:
        self._owner[at] = session
        session.granted.add(at)
        session.wake()
