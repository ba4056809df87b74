"""What Access needs from the directory, in the words of this service."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from choreography import ChoreographyError
from schemas.access import BlockFailureCause, Membership, NotRestored, NotTaken

Claim = Callable[[], Awaitable[None]]


class AccessError(ChoreographyError):
    """Access could not do what it was asked to."""


class AccountRefused(AccessError):  # noqa: N818 - an answer, not a failure
    """There is not exactly one account that may be touched, or nothing of it could be; nothing was touched.

    Attributes:
        cause: what is stated about it.
        entitlement_ids: the groups in question, where they are known.
    """

    def __init__(self, cause: BlockFailureCause, entitlement_ids: tuple[str, ...] = ()) -> None:
        super().__init__(f"Critical access cannot be taken away: {cause}.")
        self.cause = cause
        self.entitlement_ids = entitlement_ids


class DirectoryRefused(AccessError):  # noqa: N818 - reads better without the suffix
    """The directory refused a request, or did not do what it said."""


@dataclass(frozen=True)
class Taken:
    """Member objects that can be taken, or were; the groups left as they are; whether reading back proves it."""

    memberships: tuple[Membership, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()
    verified: bool = True


def joined(parts: Iterable[Taken]) -> Taken:
    """Return it all in one, each thing once: one group may be within several others."""
    each = tuple(parts)
    memberships = dict.fromkeys(one for part in each for one in part.memberships)
    not_taken = dict.fromkeys(one for part in each for one in part.not_taken)
    return Taken(tuple(memberships), tuple(not_taken), all(part.verified for part in each))


@dataclass(frozen=True)
class Returned:
    """Member objects that can be given back, or were; the groups left as they are; whether reading back proves it."""

    memberships: tuple[Membership, ...] = ()
    not_restored: tuple[NotRestored, ...] = ()
    verified: bool = True


class AccessDirectory(Protocol):
    """Groups of people, of which some are critical.

    A change is read → claim → write, again from the read when somebody else was faster, and is read back. All raise
    `Unavailable` while the directory is away, and `DirectoryRefused` when it will not do it.
    """

    async def access_of(self, employee_id: str, groups: tuple[str, ...], *, account: bool = False) -> Taken:
        """Return the person's member objects in the groups of these names; nothing is changed.

        Args:
            employee_id: whose.
            groups: their display names.
            account: whether the account itself is to be taken, too, if it is active.

        Raises:
            AccountRefused: not exactly one account has this employee id.
        """
        ...

    async def take(
        self, memberships: tuple[Membership, ...], claim: Claim, unseen: frozenset[str] = frozenset()
    ) -> Taken:
        """See to it that these accounts are no longer in these groups, or active; a group's last member stays.

        Args:
            memberships: what is taken.
            claim: asks before each write whether it may still be done.
            unseen: the groups that do not show the member; its removal is attempted, and not verified.
        """
        ...

    async def returnable(self, employee_id: str, memberships: tuple[Membership, ...]) -> Returned:
        """Say which of these can be given back: group and person exist, and nobody else did it already."""
        ...

    async def give_back(self, memberships: tuple[Membership, ...], claim: Claim) -> Returned:
        """See to it that these member objects are in their groups, as they were, and the account active."""
        ...


class Headcount(Protocol):
    """How large the company is."""

    async def headcount(self) -> int:
        """Return how many people the directory has."""
        ...


@dataclass(frozen=True)
class Mass:
    """More leave in this time than can be true; one of the two limits may be missing.

    Attributes:
        people: how many may leave.
        percent: how many of a hundred people in the directory.
        within: the time in which they may.
    """

    people: int | None
    percent: float | None
    within: timedelta


@dataclass(frozen=True)
class CriticalAccess:
    """What is critical, and who is never touched.

    Attributes:
        system: the directory's name in facts.
        groups: the display names of the critical groups.
        protected: the employee ids of break-glass accounts.
        mass: when a person must look first; `None` means never.
        deactivates_high_risk: whether a resignation of risk HIGH deactivates the account, too.
    """

    system: str
    groups: tuple[str, ...]
    protected: frozenset[str] = frozenset()
    mass: Mass | None = None
    deactivates_high_risk: bool = False


@dataclass(frozen=True)
class Ports:
    """What the handlers are given."""

    directory: AccessDirectory
    headcount: Headcount
    critical: CriticalAccess
