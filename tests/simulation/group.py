"""A consumer group as the broker sees it: who owns what, in which generation, and how far the group has come."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from choreography.wire.record import TopicPartition
from tests.simulation.broker import Broker
from tests.simulation.process import Process
from tests.simulation.world import World

SESSION_SECONDS: Final = 6.0


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
