"""What a resignation would take from somebody, and why; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from consumers.access.ports import AccessDirectory, AccountRefused, Taken
from schemas.access import BlockFailureCause


class Fate(StrEnum):
    """What would become of a membership."""

    TAKEN = "TAKEN"
    NOT_TAKEN = "NOT_TAKEN"
    NOT_A_MEMBER = "NOT_A_MEMBER"


_ACCOUNT: Final = "(the account)"
_HIGH: Final = "risk HIGH deactivates it"


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
    directory: AccessDirectory,
    critical: Mapping[str, str],
    protected: frozenset[str],
    employee_id: str,
    *,
    account: bool = False,
) -> tuple[Planned, ...]:
    """Ask the directory what a block would ask it, group by group.

    Args:
        directory: is asked.
        critical: why each critical group is one, by display name.
        protected: the employee ids of break-glass accounts.
        employee_id: whose plan it is.
        account: whether the account would be deactivated, too.

    Raises:
        AccountRefused: the person would not be touched at all.
    """
    if employee_id in protected:
        raise AccountRefused(BlockFailureCause.PROTECTED_ACCOUNT)
    asked = [(name, why, await directory.access_of(employee_id, (name,))) for name, why in critical.items()]
    if account:
        asked.append((_ACCOUNT, _HIGH, await directory.access_of(employee_id, (), account=True)))
    return tuple(_planned(*one) for one in asked)


def _planned(name: str, why: str, found: Taken) -> Planned:
    if found.memberships:
        return Planned(name, why, Fate.TAKEN)
    if found.not_taken:
        return Planned(name, why, Fate.NOT_TAKEN, found.not_taken[0].cause)
    return Planned(name, why, Fate.NOT_A_MEMBER)
