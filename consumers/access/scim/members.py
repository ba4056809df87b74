"""The members of one SCIM group: taking one out and putting one back, proven by reading the group again.

A member object names an account by its id, or, against RFC 7643 §4.2, by its user name and its address (canaille).
It is taken by the filtered remove, never by `path: members` alone, which would empty the group. Every
write carries the version of the group that was read; where that is refused, or the group read back does not show the
change, all begins again at the read. A state is set, so that a repeat ends in the same one. Where the directory keeps
no versions, a change that somebody else makes between read and write can be lost.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from consumers.access.ports import Claim, DirectoryRefused
from consumers.access.scim.account import Account
from consumers.access.scim.client import Operation, ScimClient
from consumers.access.scim.group import Group, GroupMember, is_same
from consumers.access.scim.turns import Turn
from consumers.shared.directory.client import attribute, text
from schemas.access import Membership

Unseen = Callable[[Group], Awaitable[bool]]
_ATTEMPTS: Final = 10
_SHOWN: Final[dict[str, Callable[[Account], str | None]]] = {
    "displayName": lambda account: account.display_name,
    "userName": lambda account: account.user_name,
    "name.formatted": lambda account: account.formatted,
}


def valued(group: Group, value: str) -> list[GroupMember]:
    """Return the member objects of that value; there may be several."""
    return [one for one in group.members if is_same(one.value, value)]


def own(group: Group, account: Account) -> list[GroupMember]:
    """Return the member objects of an account."""
    named = valued(group, account.user_name) if account.user_name and account.location else []
    return [*valued(group, account.id), *(one for one in named if one.ref == account.location)]


def membership_of(group: Group, found: GroupMember, account: Account) -> Membership:
    """Describe a member object without the name that it may show or be named by."""
    shown = next((name for name, read in _SHOWN.items() if read(account) == found.display), "displayName")
    by_name = not is_same(found.value, account.id)
    return Membership(
        entitlement_id=group.id,
        member_id=account.id,
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


async def remove_member(
    scim: ScimClient, group_id: str, value: str, claim: Claim, turn: Turn, *, unseen: bool = False
) -> bool | None:
    """Take every member object of this value out of the group; try to where it is one that the group does not show.

    Returns:
        Whether the read-back proves that nothing else changed; `None` where the account is the last member.

    Raises:
        DirectoryRefused: it says that it did so and does not, or somebody else is always faster.
    """

    def without(members: list[Any]) -> list[Any]:
        return [one for one in members if not is_same(text(attribute(one, "value")), value)]

    def is_to_be_left(group: Group) -> bool:
        return len(valued(group, value)) in (0, len(group.members))

    before = await _current(scim, group_id, turn, is_to_be_left)
    if unseen and before is not None and not valued(before, value):
        return await _remove_unseen(scim, before, value, claim)
    for _ in range(_ATTEMPTS):
        if before is None or not valued(before, value):
            return True
        if len(valued(before, value)) == len(before.members):
            return None
        await claim()
        changed = await scim.change(before, _removal(before, value), without if before.is_whole else None)
        after = await scim.group(group_id)
        if changed and after is not None and not valued(after, value):
            turn.group = after
            return _differ_only_by(value, more=before, less=after)
        before = after
    raise DirectoryRefused(f"The group {group_id} still has the member after {_ATTEMPTS} attempts to remove it.")


async def _remove_unseen(scim: ScimClient, group: Group | None, value: str, claim: Claim) -> bool:
    """Try to take out a member that is not shown, which nothing proves; the list of all is not written."""
    for _ in range(_ATTEMPTS):
        if group is None:
            break
        await claim()
        if await scim.change(group, _removal(group, value), None):
            break
        group = await scim.group(group.id)
    return False


async def add_members(
    scim: ScimClient, group_id: str, objects: Sequence[dict[str, Any]], claim: Claim, turn: Turn, *, is_unseen: Unseen
) -> bool | None:
    """Put the member objects of an account into the group.

    Args:
        scim: the directory.
        group_id: the group.
        objects: what is put into it.
        claim: asks whether it still may be.
        turn: the right to change it.
        is_unseen: whether a member that the group does not show is in there all the same.

    Returns:
        Whether the read-back proves that nothing else changed; `None` where the group is gone.

    Raises:
        DirectoryRefused: it says that it did so and does not, or somebody else is always faster.
    """
    value = str(objects[0]["value"])
    operation = {"op": "add", "path": "members", "value": list(objects)}

    def with_them(members: list[Any]) -> list[Any]:
        return [*members, *objects]

    before = await _current(scim, group_id, turn, lambda group: bool(valued(group, value)))
    for _ in range(_ATTEMPTS):
        if before is None:
            return None
        if valued(before, value):
            return True
        await claim()
        changed = await scim.change(before, [operation], with_them if before.is_whole else None)
        after = await scim.group(group_id)
        if changed and after is not None and valued(after, value):
            turn.group = after
            return _differ_only_by(value, more=after, less=before)
        if changed and after is not None and await is_unseen(after):
            return False
        before = after
    raise DirectoryRefused(f"The group {group_id} lacks the member after {_ATTEMPTS} attempts to add it.")


async def _current(scim: ScimClient, group_id: str, turn: Turn, is_to_be_left: Callable[[Group], bool]) -> Group | None:
    """Return the group as it is now.

    The group handed on is good enough where it is to be changed, because the change names its version; what is to be
    left as it is, and a group without versions, is read.
    """
    handed, turn.group = turn.group, None
    if handed is not None and handed.version and not is_to_be_left(handed):
        return handed
    return await scim.group(group_id)


def _removal(group: Group, value: str) -> list[Operation]:
    """Return what takes the member out, named as the group names it."""
    names = dict.fromkeys(one.value for one in valued(group, value)) or [value]
    return [{"op": "remove", "path": f"members[value eq {json.dumps(one)}]"} for one in names]


def _differ_only_by(value: str, *, more: Group, less: Group) -> bool:
    """Whether one group holds what the other holds, and besides only this member."""
    above, below = set(more.members), set(less.members)
    gone = above - below
    return below <= above and bool(gone) and all(is_same(one.value, value) for one in gone)
