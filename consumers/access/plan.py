"""What a resignation would take from somebody, and why; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from consumers.access.ports import AccountRefused, Taken
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


class CriticalGroups(Protocol):
    """What is known of somebody's critical access, group by group."""

    async def access_by_name(
        self, employee_id: str, groups: tuple[str, ...], *, account: bool = False
    ) -> tuple[Taken, ...]:
        """Return the person's member objects in each of these groups, and the account last where it is asked for."""
        ...


async def plan(
    directory: CriticalGroups,
    critical: Mapping[str, str],
    protected: frozenset[str],
    employee_id: str,
    *,
    account: bool = False,
) -> tuple[Planned, ...]:
    """Ask the directory what a block would ask it, each thing once.

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
    asked = {**critical, _ACCOUNT: _HIGH} if account else critical
    found = await directory.access_by_name(employee_id, tuple(critical), account=account)
    return tuple(_planned(name, why, one) for (name, why), one in zip(asked.items(), found, strict=True))


def _planned(name: str, why: str, found: Taken) -> Planned:
    if found.not_taken:
        return Planned(name, why, Fate.NOT_TAKEN, found.not_taken[0].cause)
    if found.memberships:
        return Planned(name, why, Fate.TAKEN)
    return Planned(name, why, Fate.NOT_A_MEMBER)
