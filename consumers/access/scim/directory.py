"""The access directory over SCIM 2.0 (RFC 7643, RFC 7644): critical access is membership of certain groups."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Final

from httpx2 import AsyncClient

from choreography import Clock
from consumers.access.ports import AccountRefused, Claim, Returned, Taken, joined
from consumers.access.scim.account import EXTERNAL_ID, Account, KnownBy, account_of
from consumers.access.scim.activity import active_account, set_active
from consumers.access.scim.client import USERS, ScimClient
from consumers.access.scim.found import Hints, hints_of, memberships_in
from consumers.access.scim.group import Group
from consumers.access.scim.members import (
    add_members,
    member_object,
    remove_member,
    value_of,
    valued,
)
from consumers.access.scim.names import GroupNames
from consumers.access.scim.outcomes import translated
from consumers.access.scim.turns import Turns
from consumers.shared.directory.client import Resource
from schemas.access import BlockFailureCause, Membership, NotRestored, NotRestoredCause, NotTaken

_BY_GROUP: Final = attrgetter("active_account", "entitlement_id")  # the account last, when its groups are as they were


class ScimAccessDirectory:
    """Memberships of groups in a SCIM directory.

    Args:
        http: the open connection, or a client of one.
        clock: says when a remembered name is too old.
        known_by: the attribute of an account that holds the employee id.
    """

    def __init__(self, http: AsyncClient | ScimClient, clock: Clock, known_by: KnownBy = EXTERNAL_ID) -> None:
        self._scim = http if isinstance(http, ScimClient) else ScimClient(http)
        self._names = GroupNames(self._scim, clock)
        self._known_by = known_by
        self._turns = Turns()

    async def probe(self) -> None:
        """Make sure that the directory answers, and accepts the token."""
        await self._scim.probe()

    async def headcount(self) -> int:
        """Return how many people the directory has."""
        with translated(untouched=True):
            return await self._scim.count(USERS)

    async def access_of(self, employee_id: str, groups: tuple[str, ...], *, account: bool = False) -> Taken:
        """Return the person's member objects in the groups of these names; nothing is changed."""
        return joined(await self.access_by_name(employee_id, groups, account=account))

    async def access_by_name(
        self, employee_id: str, groups: tuple[str, ...], *, account: bool = False
    ) -> tuple[Taken, ...]:
        """Return the same group by group, in this order, and the account last where it is asked for."""
        with translated(untouched=True):
            person = await self._account(employee_id)
            hints = await hints_of(self._scim, person)
            access = [await self._access(name, person, hints) for name in groups]
        return (*access, active_account(person)) if account else tuple(access)

    async def _access(self, name: str, person: Account, hints: Hints) -> Taken:
        group = await self._names.bearing(name, hints.found.values())
        if isinstance(group, NotTaken):
            return Taken(not_taken=(group,))
        return await memberships_in(self._scim, group, person, hints)

    async def take(
        self, memberships: tuple[Membership, ...], claim: Claim, unseen: frozenset[str] = frozenset()
    ) -> Taken:
        """See to it that these accounts are no longer in these groups, or active; a group's last member stays."""
        taken = Taken()
        with translated(untouched=False):
            for group, objects in _by_group(memberships):
                proof = await self._take(group, objects[0], claim, unseen=group in unseen)
                if proof is None:
                    left = NotTaken(entitlement_id=group, cause=BlockFailureCause.LAST_MEMBER)
                    taken = replace(taken, not_taken=(*taken.not_taken, left))
                else:
                    whole = (*taken.memberships, *objects)
                    taken = replace(taken, memberships=whole, verified=taken.verified and proof)
        return taken

    async def _take(self, group: str, taken: Membership, claim: Claim, *, unseen: bool) -> bool | None:
        if taken.active_account:
            await set_active(self._scim, taken.member_id, claim, active=False)
            return True
        value = await self._value_of(taken)
        async with self._turns.of(group) as turn:
            return await remove_member(self._scim, group, value, claim, turn, unseen=unseen)

    async def returnable(self, employee_id: str, memberships: tuple[Membership, ...]) -> Returned:
        """Say which of these can be given back: group and person exist, and nobody else did it already."""
        returned = Returned()
        with translated(untouched=True):
            for group, objects in _by_group(memberships):
                obstacle = await self._obstacle(employee_id, objects[0])
                returned = _with(returned, group, objects, obstacle or True)
        return returned

    async def give_back(self, memberships: tuple[Membership, ...], claim: Claim) -> Returned:
        """See to it that these member objects are in their groups, as they were."""
        returned = Returned()
        with translated(untouched=False):
            for group, objects in _by_group(memberships):
                returned = _with(returned, group, objects, await self._give_back(group, objects, claim))
        return returned

    async def _account(self, employee_id: str) -> Account:
        def fits(one: Resource) -> bool:
            return self._known_by.of(account_of(one)) == employee_id

        found = await self._scim.find(USERS, self._known_by.path, employee_id, fits)
        if not found:
            raise AccountRefused(BlockFailureCause.PERSON_NOT_FOUND)
        if len(found) > 1:
            raise AccountRefused(BlockFailureCause.PERSON_AMBIGUOUS)
        return account_of(found[0])

    async def _value_of(self, taken: Membership) -> str:
        account = await self._scim.account(taken.member_id) if taken.named_by_login else None
        return value_of(taken, account)

    async def _obstacle(self, employee_id: str, taken: Membership) -> NotRestoredCause | None:
        account = await self._scim.account(taken.member_id)
        if account is None or self._known_by.of(account) != employee_id:
            return NotRestoredCause.PERSON_GONE
        if taken.active_account:
            return NotRestoredCause.CHANGED_BY_OTHERS if account.active else None
        group = await self._scim.group(taken.entitlement_id)
        if group is None:
            return NotRestoredCause.GROUP_GONE
        return NotRestoredCause.CHANGED_BY_OTHERS if valued(group, value_of(taken, account)) else None

    async def _give_back(self, group: str, taken: list[Membership], claim: Claim) -> NotRestoredCause | bool:
        account = await self._scim.account(taken[0].member_id)
        if account is None:
            return NotRestoredCause.PERSON_GONE
        if taken[0].active_account:
            there = await set_active(self._scim, taken[0].member_id, claim, active=True)
            return there or NotRestoredCause.PERSON_GONE
        objects = [member_object(one, account) for one in taken]

        async def is_unseen(after: Group) -> bool:
            return not after.members or (await hints_of(self._scim, account)).name(after, account)

        async with self._turns.of(group) as turn:
            proof = await add_members(self._scim, group, objects, claim, turn, is_unseen=is_unseen)
        return NotRestoredCause.GROUP_GONE if proof is None else proof


def _with(returned: Returned, group: str, objects: list[Membership], end: NotRestoredCause | bool) -> Returned:
    """Add what became of a group: why it was left as it is, or whether reading it back proves the return."""
    if isinstance(end, NotRestoredCause):
        left = NotRestored(entitlement_id=group, cause=end)
        return replace(returned, not_restored=(*returned.not_restored, left))
    return replace(returned, memberships=(*returned.memberships, *objects), verified=returned.verified and end)


def _by_group(memberships: tuple[Membership, ...]) -> Iterator[tuple[str, list[Membership]]]:
    for (_, group), objects in groupby(sorted(memberships, key=_BY_GROUP), key=_BY_GROUP):
        yield group, list(objects)
