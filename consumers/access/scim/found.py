"""What of critical access an account has, as each group itself says it, and what that leaves in doubt.

Lists of groups leave members out, so each group is asked by its id. Where even that does not show the account though
the directory says elsewhere that it is in there (it finds the group by the member, or the account names the group), the
removal is attempted, and the group stands among what was not taken, because nothing proves it. A group within the group
is looked into; where it cannot be, or is not to be seen, that is said.
"""

from dataclasses import dataclass
from typing import Final

from consumers.access.ports import Taken
from consumers.access.scim.account import Account
from consumers.access.scim.client import ScimClient
from consumers.access.scim.group import Group, is_same
from consumers.access.scim.members import membership_of, own
from schemas.access import BlockFailureCause, Membership, NotTaken

_MOST: Final = 50  # groups within one group; a critical one with more is a matter for a person


@dataclass(frozen=True)
class Hints:
    """What the directory says elsewhere about the groups of an account.

    Attributes:
        finds: whether it finds groups by a member, so that one that it does not find has no such member.
        found: the groups that it finds by the account.
    """

    finds: bool
    found: dict[str, Group]

    def name(self, group: Group, account: Account) -> bool:
        """Whether the account should be a member of the group."""
        return any(is_same(one, group.id) for one in (*self.found, *account.groups))


async def hints_of(scim: ScimClient, account: Account) -> Hints:
    """Ask for the groups of an account, and for those of nobody, which shows whether the question is understood."""
    found = await scim.groups_with(account.id)
    understood = found is not None and not await scim.groups_with(f"{account.id}-nobody")
    return Hints(finds=understood, found=found if found and understood else {})


async def memberships_in(scim: ScimClient, critical: Group, account: Account, hints: Hints) -> Taken:
    """Return the account's member objects in a critical group and the groups within, and what is in doubt."""
    within, hidden = await _within(scim, critical)
    found = [await _in_one(scim, one, account, hints) for one in (critical, *within)]
    memberships = tuple(one for each in found for one in each.memberships)
    doubts = [one for each in found for one in each.not_taken]
    above = any(is_same(one, critical.id) for one in account.groups_above)
    if hidden or (above and not memberships and not doubts):
        doubts.append(_left(critical))
    return Taken(memberships, tuple(dict.fromkeys(doubts)))


async def _within(scim: ScimClient, critical: Group) -> tuple[list[Group], bool]:
    """Return the groups within a group, each once, and whether some cannot be looked into."""
    seen, found, hidden = {critical.id.lower()}, [critical], False
    for group in found:  # grows meanwhile
        for member in group.members:
            if not member.is_group or not member.value or member.value.lower() in seen:
                continue
            seen.add(member.value.lower())
            inner = await scim.group(member.value) if len(seen) <= _MOST else None
            if inner is None:
                hidden = True
            else:
                found.append(inner)
    return found[1:], hidden


async def _in_one(scim: ScimClient, group: Group, account: Account, hints: Hints) -> Taken:
    objects = own(group, account)
    if not objects:
        return await _not_shown(scim, group, account, hints)
    if not await scim.can_change(group):
        return Taken(not_taken=(_left(group),))
    if len(objects) == len(group.members):
        return Taken(not_taken=(_left(group, BlockFailureCause.LAST_MEMBER),))
    return Taken(tuple(membership_of(group, one, account) for one in objects))


async def _not_shown(scim: ScimClient, group: Group, account: Account, hints: Hints) -> Taken:
    if hints.name(group, account):
        attempted = (Membership(entitlement_id=group.id, member_id=account.id),)
        return Taken(attempted if await scim.can("patch") is not False else (), (_left(group),))
    similar = any((one.value or "").lower() == account.id.lower() for one in group.members)
    hides = not group.shown and (bool(group.members) or not hints.finds)
    return Taken(not_taken=(_left(group),) if similar or hides else ())


def _left(group: Group, cause: BlockFailureCause = BlockFailureCause.NOT_SUPPORTED) -> NotTaken:
    return NotTaken(entitlement_id=group.id, cause=cause)
