"""Doubles that stand beside the real things: for unit tests and simulations, never for a running system."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from choreography.declare.effect import Effect
from choreography.declare.event import Event
from choreography.declare.ids import effect_key, fact_id
from choreography.errors import ClaimLost
from choreography.outbox.relay import Outgoing


class FakeClock:
    """A clock that moves only when somebody sleeps or moves it."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._start = start

    def now(self) -> datetime:
        """Return the present time, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds since the clock was made."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Move the time forward, and let others run."""
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Move the time forward."""
        self._now += by


class FakeMemory:
    """The memory of one service, in a dictionary: decisions and facts outlive a crashed handler.

    Attributes:
        decisions: what each effect decided, as (kind, JSON text).
        stated: the facts that were stated, oldest first.
        finished: the keys of effects that are done or undone.
        owned: whether this member still owns the partition.
        began: when effects of this type of event began, of any key, oldest first.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.decisions: dict[UUID, tuple[str, str]] = {}
        self.stated: list[Event] = []
        self.finished: set[UUID] = set()
        self.owned = True
        self.began: list[datetime] = []

    def effect(
        self,
        event: Event,
        now: datetime,
        *,
        repeated: bool = False,
        released: bool = False,
        answered: str | None = None,
    ) -> Effect:
        """Return what a handler gets for this event."""
        key = effect_key(event.event_id, self.group)
        memory = _FakeMemoryOf(self, key, event)
        return Effect(key=key, now=now, repeated=repeated, released=released, answered=answered, memory=memory)

    def state(self, event: Event, fact: Event, now: datetime) -> Event:
        """Write a handler's fact down as the runtime does, stamped; return it."""
        key = effect_key(event.event_id, self.group)
        stamped = fact.stamped(
            event_id=fact_id(key, type(fact)), key=event.key, correlation=event.correlation, order=event.order, at=now
        )
        self.stated.append(stamped)
        self.finished.add(key)
        return stamped


class _FakeMemoryOf:
    """The memory as one effect sees it."""

    def __init__(self, memory: FakeMemory, key: UUID, event: Event) -> None:
        self._memory = memory
        self._key = key
        self._event = event

    async def decided(self) -> tuple[str, str] | None:
        return self._memory.decisions.get(self._key)

    async def decide(self, kind: str, text: str, *, logged: bool) -> None:  # noqa: ARG002 - nothing to wait for
        await self.claim()
        self._memory.decisions.setdefault(self._key, (kind, text))

    async def facts(self, kinds: Sequence[type[Event]], *, same_case: bool, of: str | None) -> Sequence[Event]:
        key = self._event.key if of is None else of
        return [
            fact
            for fact in self._memory.stated
            if isinstance(fact, tuple(kinds))
            and fact.key == key
            and (not same_case or fact.correlation == self._event.correlation)
        ]

    async def unfinished(self, kind: str) -> Sequence[str]:
        return [
            text
            for key, (found, text) in self._memory.decisions.items()
            if found == kind and key != self._key and key not in self._memory.finished
        ]

    async def newest(self, number: int) -> datetime | None:
        return self._memory.began[-number] if number <= len(self._memory.began) else None

    async def claim(self) -> None:
        if not self._memory.owned:
            raise ClaimLost


class FakeProducer:
    """A broker that acknowledges at once, or not at all.

    Attributes:
        log: what it took, in order.
        refuses: returns whether it refuses a record.
    """

    def __init__(self) -> None:
        self.log: list[Outgoing] = []
        self.refuses: Callable[[Outgoing], bool] = lambda _record: False

    def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Take what is not refused; return the rows."""
        taken = [record for record in records if not self.refuses(record)]
        self.log += taken
        return {record.row for record in taken}
