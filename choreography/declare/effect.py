"""What a handler needs so that doing it again does not do it twice.

A handler runs at least once. `key` is the same each time, so ids at the target are derived from it. What is chosen
(a slot, the groups to be taken) is written down by `once` before it is carried out, and read back on a repeat.
`earlier` and `history` read the facts that this service stated before; `unfinished` reads the decisions of effects
that began and were never finished, so that the handler which undoes them undoes all of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, overload
from uuid import UUID

from pydantic import BaseModel

from choreography.declare.event import Event
from choreography.errors import ChoreographyError

T = TypeVar("T", bound=BaseModel)
F1 = TypeVar("F1", bound=Event)
F2 = TypeVar("F2", bound=Event)
F3 = TypeVar("F3", bound=Event)
F4 = TypeVar("F4", bound=Event)


class Memory(Protocol):
    """Where an effect is remembered; the ledger is the real one."""

    async def decided(self) -> tuple[str, str] | None:
        """Return the kind and JSON text of this effect's decision, if one was written down."""
        ...

    async def decide(self, kind: str, text: str, *, logged: bool) -> None:
        """Write the decision down, once; with `logged` also on the log, before returning."""
        ...

    async def facts(self, kinds: Sequence[type[Event]], *, same_case: bool, of: str | None) -> Sequence[Event]:
        """Return the facts of these types that this service stated, oldest first: for this key, or for key `of`."""
        ...

    async def unfinished(self, kind: str) -> Sequence[str]:
        """Return the JSON text of decisions of that kind whose effects of this key are neither done nor undone."""
        ...

    async def newest(self, number: int) -> datetime | None:
        """Return when the `number`-th newest effect of this type of event began, of any key, but for the skipped."""
        ...

    async def claim(self) -> None:
        """Raise `ClaimLost` unless this member still owns the partition."""
        ...


class Effect:
    """One reaction to one event, in a form that can be repeated.

    Attributes:
        key: the idempotency key, derived from the event and the group.
        now: the present time, UTC; what must not differ on a repeat goes through `once`.
        repeated: an earlier attempt may have touched the target.
        released: a person released the hold.
        answered: the reason of the hold, where the release of it is the newest thing that happened; `None` once an
            attempt has begun since.
    """

    def __init__(
        self,
        *,
        key: UUID,
        now: datetime,
        repeated: bool,
        released: bool,
        memory: Memory,
        answered: str | None = None,
    ) -> None:
        self.key = key
        self.now = now
        self.repeated = repeated
        self.released = released
        self.answered = answered
        self._memory = memory

    async def once(self, kind: type[T], compute: Callable[[], Awaitable[T]], *, logged: bool = False) -> T:
        """Decide once: return what an earlier attempt decided, or compute it and write it down.

        Args:
            kind: a frozen model; at most one decision per effect.
            compute: makes the decision; called only when none is written down.
            logged: go on only when the decision is also acknowledged by the broker, where what was taken could not
                be known otherwise after the ledger is lost.

        Raises:
            ChoreographyError: this effect has already decided something of another kind.
        """
        earlier = await self._memory.decided()
        if earlier is not None:
            if earlier[0] != kind.__name__:
                raise ChoreographyError(f"This effect decided {earlier[0]} before and cannot decide {kind.__name__}.")
            if logged:  # the attempt that decided may have died before the broker had it
                await self._memory.decide(*earlier, logged=True)
            return kind.model_validate_json(earlier[1])
        decision = await compute()
        await self._memory.decide(kind.__name__, decision.model_dump_json(), logged=logged)
        return decision

    @overload
    async def earlier(self, a: type[F1], /) -> F1 | None: ...
    @overload
    async def earlier(self, a: type[F1], b: type[F2], /) -> F1 | F2 | None: ...
    @overload
    async def earlier(self, a: type[F1], b: type[F2], c: type[F3], /) -> F1 | F2 | F3 | None: ...
    @overload
    async def earlier(self, a: type[F1], b: type[F2], c: type[F3], d: type[F4], /) -> F1 | F2 | F3 | F4 | None: ...
    async def earlier(self, *kinds: type[Event]) -> Event | None:
        """Return the newest fact of these types that this service stated in this case."""
        facts = await self._memory.facts(kinds, same_case=True, of=None)
        return facts[-1] if facts else None

    @overload
    async def history(self, a: type[F1], /, *, of: str | None = None) -> tuple[F1, ...]: ...
    @overload
    async def history(self, a: type[F1], b: type[F2], /, *, of: str | None = None) -> tuple[F1 | F2, ...]: ...
    @overload
    async def history(
        self, a: type[F1], b: type[F2], c: type[F3], /, *, of: str | None = None
    ) -> tuple[F1 | F2 | F3, ...]: ...
    @overload
    async def history(
        self, a: type[F1], b: type[F2], c: type[F3], d: type[F4], /, *, of: str | None = None
    ) -> tuple[F1 | F2 | F3 | F4, ...]: ...
    async def history(self, *kinds: type[Event], of: str | None = None) -> tuple[Event, ...]:
        """Return the facts of these types that this service stated for this key, in all cases, oldest first.

        Args:
            kinds: the types.
            of: another key, whose facts are wanted instead. Order holds within a key: what is stated about another
                one at this very moment may or may not be seen.
        """
        return tuple(await self._memory.facts(kinds, same_case=False, of=of))

    async def unfinished(self, kind: type[T]) -> tuple[T, ...]:
        """Return the decisions of this key's other effects that are neither done nor undone, oldest first."""
        return tuple(kind.model_validate_json(text) for text in await self._memory.unfinished(kind.__name__))

    async def newest(self, number: int) -> datetime | None:
        """Return when the `number`-th newest effect of this type of event began; 1 is this one, or a newer one.

        Those of all keys count, also what is held, but not what was skipped. `None`: there are not so many.
        """
        return await self._memory.newest(number)

    async def claim(self) -> None:
        """Make sure that this member still owns the partition; an adapter calls it between reading and writing.

        Raises:
            ClaimLost: another member owns it now.
        """
        await self._memory.claim()
