"""The members of one SCIM group: taking one out and putting one back, proven by reading the group again.

A member object names an account by its id, or, against RFC 7643 §4.2, by its user name and its address (canaille).
It is taken by the filtered remove, never by `path: members` alone, which would empty the group. Every
write carries the version of the group that was read; where that is refused, or the group read back does not show the
change, all begins again at the read. A state is set, so that a repeat ends in the same one. Where the directory keeps
no versions, a change that somebody else makes between read and write can be lost.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from scim2_models import PatchOperation, Path

from consumers.access.ports import Claim, DirectoryRefused
from consumers.access.scim.account import Account
from consumers.access.scim.client import ScimClient
from consumers.access.scim.group import Group, GroupMember
from consumers.access.scim.turns import Turn
from consumers.access.scim.whole import Member
from schemas.access import Membership

_ATTEMPTS: Final = 10
_SHOWN: Final[dict[str, Callable[[Account], str | None]]] = {
    "displayName": lambda account: account.display_name,
    "userName": lambda account: account.user_name,
    "name.formatted": lambda account: account.name.formatted if account.name else None,
}


def valued(group: Group, value: str) -> list[GroupMember]:
    """Return the member objects of that value; there may be several."""
    return [one for one in group.members or () if one.value == value]


def own(group: Group, account: Account) -> list[GroupMember]:
    """Return the member objects of an account."""
    named = valued(group, account.user_name) if account.user_name and account.location else []
    return [*valued(group, str(account.id)), *(one for one in named if one.ref == account.location)]


def membership_of(group: Group, found: GroupMember, account: Account) -> Membership:
    """Describe a member object without the name that it may show or be named by."""
    shown = next((name for name, read in _SHOWN.items() if read(account) == found.display), "displayName")
    by_name = found.value != account.id
    return Membership(
        entitlement_id=str(group.id),
        member_id=str(account.id),
        type=found.type,
        ref=None if by_name else found.ref,
        display_from=None if found.display is None else shown,
        named_by_login=by_name,
    )


def value_of(taken: Membership, account: Account | None) -> str:
    """Return the value of the member object; `account` is needed where it is named by its user name."""
    by_name = taken.named_by_login and account and account.user_name
    return by_name or taken.member_id


def member_object(taken: Membership, account: Account) -> dict[str, Any]:
    """Return the member object as it was, with the name that the account has now."""
    shown = _SHOWN[taken.display_from](account) if taken.display_from in _SHOWN else None
    ref = account.location if taken.named_by_login else taken.ref
    sent = {"value": value_of(taken, account), "type": taken.type, "$ref": ref, "display": shown}
    return {name: value for name, value in sent.items() if value is not None}


async def remove_member(scim: ScimClient, group_id: str, value: str, claim: Claim, turn: Turn) -> bool | None:
    """Take every member object of this value out of the group.

    Returns:
        Whether the read-back proves that nothing else changed; `None` where the account is the last member.

    Raises:
        DirectoryRefused: it says that it did so and does not, or somebody else is always faster.
    """
    operation = _operation(PatchOperation.Op.remove, f"members[value eq {json.dumps(value)}]")

    def without(members: list[Member]) -> list[Member]:
        return [one for one in members if one.get("value") != value]

    def is_to_be_left(group: Group) -> bool:
        return len(valued(group, value)) in (0, len(group.members or ()))

    before = await _current(scim, group_id, turn, is_to_be_left)
    for _ in range(_ATTEMPTS):
        if before is None or not valued(before, value):
            return True
        if len(valued(before, value)) == len(before.members or ()):
            return None
        await claim()
        changed = await scim.change(before, operation, without)
        after = await scim.read(Group, group_id)
        if changed and after is not None and not valued(after, value):
            turn.group = after
            return _differ_only_by(value, more=before, less=after)
        before = after
    raise DirectoryRefused(f"The group {group_id} still has the member after {_ATTEMPTS} attempts to remove it.")


async def add_members(
    scim: ScimClient, group_id: str, objects: Sequence[dict[str, Any]], claim: Claim, turn: Turn
) -> bool | None:
    """Put the member objects of an account into the group.

    Returns:
        Whether the read-back proves that nothing else changed; `None` where the group is gone.

    Raises:
        DirectoryRefused: it says that it did so and does not, or somebody else is always faster.
    """
    value = str(objects[0]["value"])
    operation = _operation(PatchOperation.Op.add, "members", list(objects))

    def with_them(members: list[Member]) -> list[Member]:
        return [*members, *objects]

    before = await _current(scim, group_id, turn, lambda group: bool(valued(group, value)))
    for _ in range(_ATTEMPTS):
        if before is None:
            return None
        if valued(before, value):
            return True
        await claim()
        changed = await scim.change(before, operation, with_them)
        after = await scim.read(Group, group_id)
        if changed and after is not None and valued(after, value):
            turn.group = after
            return _differ_only_by(value, more=after, less=before)
        before = after
    raise DirectoryRefused(f"The group {group_id} lacks the member after {_ATTEMPTS} attempts to add it.")


async def _current(scim: ScimClient, group_id: str, turn: Turn, is_to_be_left: Callable[[Group], bool]) -> Group | None:
    """Return the group as it is now.

    The group handed on is good enough where it is to be changed, because the change names its version; what is to be
    left as it is, and a group without versions, is read.
    """
    handed, turn.group = turn.group, None
    versioned = handed is not None and handed.meta is not None and handed.meta.version
    if handed is not None and versioned and not is_to_be_left(handed):
        return handed
    return await scim.read(Group, group_id)


def _operation(op: PatchOperation.Op, path: str, value: object = None) -> PatchOperation[Group]:
    return PatchOperation[Group](op=op, path=Path[Group](path), value=value)


def _differ_only_by(value: str, *, more: Group, less: Group) -> bool:
    """Whether one group holds what the other holds, and besides only this member."""
    above, below = _objects(more), _objects(less)
    return below <= above and {named for named, *_ in above - below} == {value}


def _objects(group: Group) -> set[tuple[str | None, ...]]:
    return {(one.value, one.type, one.ref, one.display) for one in group.members or ()}
