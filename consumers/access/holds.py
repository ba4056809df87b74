"""Who holds a block, and what was taken: read from what this service stated and decided before.

A block belongs to the person, and every open case of the person holds it. A case takes hold when its block is stated,
whatever the block found or whether it failed, and lets go when its access was restored, or at the departure. Whoever
lets go last gives everything back that was taken and not yet returned; whoever lets go earlier leaves it to the last.
A case that is voided as a duplicate hands its hold to its twin, also when nothing has been stated about the twin yet;
to a twin that has let go already it hands nothing.
A departure ends the matter: what its case took is forgotten, so that a later case of a rehired person starts clean.
What other open cases had taken by then is not given back either, whichever came first: they go on to hold, and say so.
"""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from choreography import Effect
from schemas.access import (
    CriticalAccessBlocked,
    CriticalAccessBlockFailed,
    CriticalAccessRestored,
    CriticalAccessRevoked,
    Membership,
    NotRestored,
    NotTaken,
)

Fact = CriticalAccessBlocked | CriticalAccessBlockFailed | CriticalAccessRestored | CriticalAccessRevoked
Memberships = tuple[Membership, ...]


class Decision(BaseModel):
    """Something that is written down before it is carried out; ids only, no names of people."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    case_id: UUID


class TakenGroups(Decision):
    """What is about to be taken from a person, with what the case took before."""

    memberships: Memberships
    not_taken: tuple[NotTaken, ...]


class ReturnedGroups(Decision):
    """What is about to be given back, and what is not."""

    memberships: Memberships
    not_restored: tuple[NotRestored, ...]
    still_taken: Memberships = ()
    handed_to: UUID | None = None


def entitlement_ids(memberships: Iterable[Membership]) -> tuple[str, ...]:
    """Return the groups of these member objects, each once."""
    return tuple(dict.fromkeys(one.entitlement_id for one in memberships))


def merged(older: Memberships, newer: Memberships) -> Memberships:
    """Join what was taken at two times; where both know a group, the newer one counts."""
    again = set(entitlement_ids(newer))
    return (*(one for one in older if one.entitlement_id not in again), *newer)


class Holds:
    """The open cases of one person, and what each of them took."""

    def __init__(self, facts: Iterable[Fact] = (), unfinished: Iterable[TakenGroups] = ()) -> None:
        self._taken: dict[UUID, Memberships] = {}
        self._left: Memberships = ()
        self._forfeited: dict[UUID, Memberships] = {}
        self._closed: set[UUID] = set()
        self._begun: dict[UUID, frozenset[str]] = {}
        for fact in facts:
            self._apply(fact)
        for decision in unfinished:
            self._begin(decision)

    @classmethod
    async def of(cls, effect: Effect) -> "Holds":
        """Read them for the person whose event is being handled."""
        facts, unfinished = await asyncio.gather(
            effect.history(
                CriticalAccessBlocked, CriticalAccessBlockFailed, CriticalAccessRestored, CriticalAccessRevoked
            ),
            effect.unfinished(TakenGroups),
        )
        return cls(facts, unfinished)

    def held_by(self, case: UUID) -> bool:
        """Whether the case took hold and has not let go."""
        return case in self._taken

    def held_by_another(self, case: UUID) -> bool:
        """Whether another case keeps access blocked."""
        return bool(self._taken.keys() - {case})

    def has_let_go(self, case: UUID) -> bool:
        """Whether the case held a block and has ended."""
        return case in self._closed

    def taken_in(self, case: UUID) -> Memberships:
        """What this case took."""
        return self._taken.get(case, ())

    def left_to(self, case: UUID) -> Memberships:
        """What this case gives back if it is the last one: its own, and what earlier ones left to it."""
        return merged(self._left, self.taken_in(case))

    def forfeited_in(self, case: UUID) -> Memberships:
        """What this case took and does not give back, since the person has departed in another one."""
        return self._forfeited.get(case, ())

    def begun_in(self, case: UUID) -> frozenset[str]:
        """The groups that this case had begun to take, and perhaps never took."""
        return self._begun.get(case, frozenset())

    def _apply(self, fact: Fact) -> None:
        match fact:
            case CriticalAccessRestored():
                if fact.handed_to:
                    self._taken.setdefault(fact.handed_to, ())
                self._close(fact.case_id)
                self._left = merged(self._left, fact.still_taken) if self._taken else ()
            case CriticalAccessRevoked(departed=True) | CriticalAccessBlockFailed(departed=True):
                self._close(fact.case_id)
                self._forfeit()
            case CriticalAccessBlocked() | CriticalAccessRevoked():
                self._taken[fact.case_id] = merged(self.taken_in(fact.case_id), fact.memberships)
            case CriticalAccessBlockFailed():
                self._taken.setdefault(fact.case_id, ())

    def _forfeit(self) -> None:
        for case, taken in self._taken.items():
            self._forfeited[case] = merged(self.forfeited_in(case), taken)
            self._taken[case] = ()
        self._left = ()

    def _close(self, case: UUID) -> None:
        self._taken.pop(case, None)
        self._closed.add(case)
        if not self._taken:
            self._left = ()

    def _begin(self, decision: TakenGroups) -> None:
        before = self.taken_in(decision.case_id)
        begun = frozenset(entitlement_ids(decision.memberships)) - frozenset(entitlement_ids(before))
        self._begun[decision.case_id] = self.begun_in(decision.case_id) | begun
        self._taken[decision.case_id] = merged(before, decision.memberships)
