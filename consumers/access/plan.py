"""What a resignation would take from somebody, and why; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from consumers.access.ports import AccessDirectory, AccountRefused
from schemas.access import BlockFailureCause


class Fate(StrEnum):
    """What would become of a membership."""

    TAKEN = "TAKEN"
    NOT_TAKEN = "NOT_TAKEN"
    NOT_A_MEMBER = "NOT_A_MEMBER"


@dataclass(frozen=True)
class Planned:
    """One critical group.

    Attributes:
        name: its display name.
        why: what the policy says makes it critical.
        fate: what would become of the membership.
        cause: why it would be left, where it would.
    """

    name: str
    why: str
    fate: Fate
    cause: BlockFailureCause | None = None


async def plan(
    directory: AccessDirectory, critical: Mapping[str, str], protected: frozenset[str], employee_id: str
) -> tuple[Planned, ...]:
    """Ask the directory what a block would ask it, group by group.

    Raises:
        AccountRefused: the person would not be touched at all.
    """
    if employee_id in protected:
        raise AccountRefused(BlockFailureCause.PROTECTED_ACCOUNT)
    return tuple([await _planned(directory, name, why, employee_id) for name, why in critical.items()])


async def _planned(directory: AccessDirectory, name: str, why: str, employee_id: str) -> Planned:
    found = await directory.access_of(employee_id, (name,))
    if found.memberships:
        return Planned(name, why, Fate.TAKEN)
    if found.not_taken:
        return Planned(name, why, Fate.NOT_TAKEN, found.not_taken[0].cause)
    return Planned(name, why, Fate.NOT_A_MEMBER)
