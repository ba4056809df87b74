"""The real handlers of Access, at a simulated directory."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar

from choreography import Effect, fact_id
from choreography.records import ReactionDecided
from consumers.access.ports import CriticalAccess, Ports, Returned, Taken
from schemas.access import BlockFailureCause, Membership, NotRestored, NotRestoredCause, NotTaken
from tests.simulation.broker import Log
from tests.simulation.directory import Directory
from tests.simulation.process import Process
from tests.simulation.world import World

CRITICAL: Final = ("admins", "payments")
T = TypeVar("T")
Claim = Callable[[], Awaitable[None]]
_BY_GROUP: Final = attrgetter("entitlement_id")


@dataclass(frozen=True)
class SimAccessDirectory:
    """The adapter: read → claim → write, again from the read when somebody else was faster."""

    process: Process
    directory: Directory
    logs: Sequence[Log]  # on which decisions are said

    async def probe(self) -> None:
        await self._ask(lambda: None)

    async def headcount(self) -> int:
        return await self._ask(lambda: len(set().union(*(group.people for group in self.directory.groups.values()))))

    async def access_of(self, employee_id: str, groups: tuple[str, ...], *, account: bool = False) -> Taken:
        found = await self._ask(lambda: [name for name in groups if employee_id in self.directory.read(name).people])
        return Taken(tuple(Membership(entitlement_id=name, member_id=employee_id) for name in found))

    async def take(
        self, memberships: tuple[Membership, ...], claim: Claim, unseen: frozenset[str] = frozenset()
    ) -> Taken:
        assert not unseen, "this directory shows all"
        taken: list[Membership] = []
        left: list[NotTaken] = []
        for one in memberships:
            if await self._set(one, claim, is_member=False):
                taken.append(one)
            else:
                left.append(NotTaken(entitlement_id=one.entitlement_id, cause=BlockFailureCause.LAST_MEMBER))
        return Taken(tuple(taken), tuple(left))

    async def returnable(self, employee_id: str, memberships: tuple[Membership, ...]) -> Returned:
        returned: list[Membership] = []
        left: list[NotRestored] = []
        for group, objects in groupby(sorted(memberships, key=_BY_GROUP), key=_BY_GROUP):
            members = await self._ask(partial(self.directory.read, group))
            if employee_id in members.people:
                left.append(NotRestored(entitlement_id=group, cause=NotRestoredCause.CHANGED_BY_OTHERS))
            else:
                returned += objects
        return Returned(tuple(returned), tuple(left))

    async def give_back(self, memberships: tuple[Membership, ...], claim: Claim) -> Returned:
        for one in memberships:
            await self._set(one, claim, is_member=True)
        return Returned(memberships)

    async def _set(self, one: Membership, claim: Claim, *, is_member: bool) -> bool:
        while True:
            group = await self._ask(partial(self.directory.read, one.entitlement_id))
            if (one.member_id in group.people) == is_member:
                return True
            if not is_member and len(group.people) == 1:
                return False
            await claim()
            if not is_member:
                must_be_logged(claim, self.logs, self.process.world)
            change = partial(
                self.directory.change, one.entitlement_id, one.member_id, is_member=is_member, if_match=group.etag
            )
            await self._ask(change)

    async def _ask(self, work: Callable[[], T]) -> T:
        return await self.directory.ask(self.process, work)


def must_be_logged(claim: Any, logs: Sequence[Log], world: World) -> None:
    """See that what is taken was said on the log before; else it could not be known after the ledger is lost."""
    effect: Effect = claim.__self__  # whose method it is
    said = str(fact_id(effect.key, ReactionDecided)).encode()
    if not any(("ce_id", said) in one.headers for log in logs for one in log.records):
        world.anomalies.append(f"unlogged-decision: {effect.key} takes what nobody has been told of")


def ports(directory: Any) -> Ports:
    """Return the ports of one process."""
    return Ports(directory, directory, CriticalAccess(system="simulated", groups=CRITICAL))
