"""What the Access service did: topic `ems.access.v1`, key = employee id."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from choreography import Topic
from schemas import ExitEvent
from schemas.access.enums import BlockFailureCause, NotRestoredCause
from schemas.fields import Id

__all__ = [
    "TOPIC",
    "BlockFailureCause",
    "CriticalAccessBlockFailed",
    "CriticalAccessBlocked",
    "CriticalAccessRestored",
    "CriticalAccessRevoked",
    "Membership",
    "NotRestored",
    "NotRestoredCause",
    "NotTaken",
]

TOPIC = Topic("ems.access.v1", package=__name__)


class Membership(BaseModel):
    """A member object of a group as it was before it was taken, without the person's name; or the active account.

    Attributes:
        display_from: the attribute of the account that the object showed; read again when it is put back.
        active_account: no member object, but that the account was active; both ids are the account's then.
        named_by_login: its value was the account's user name, and its `$ref` the account's address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    entitlement_id: Id
    member_id: Id
    type: str | None = None
    ref: str | None = None
    display_from: str | None = None
    named_by_login: bool = False
    active_account: bool = False


class NotTaken(BaseModel):
    """A critical group that could not be dealt with: its id, or its name where there is no single one of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    entitlement_id: Id
    cause: BlockFailureCause = BlockFailureCause.UNKNOWN


class NotRestored(BaseModel):
    """A critical group that the person was not put back into."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    entitlement_id: Id
    cause: NotRestoredCause = NotRestoredCause.UNKNOWN


class AccessFact(ExitEvent):
    """A fact that the Access service states.

    Attributes:
        system: the directory in which it was done.
    """

    topic = TOPIC

    system: Id


class CriticalAccessBlocked(AccessFact):
    """Critical access was taken away until the decision; with nothing taken, the case still holds the block."""

    entitlement_ids: tuple[Id, ...] = ()
    memberships: tuple[Membership, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()
    verified: bool = False
    sessions_revoked: bool = False


class CriticalAccessRestored(AccessFact):
    """Critical access that was taken away was given back, as far as it could be."""

    restored: tuple[Id, ...] = ()
    not_restored: tuple[NotRestored, ...] = ()
    still_taken: tuple[Membership, ...] = ()
    handed_to: UUID | None = None
    verified: bool = False


class CriticalAccessRevoked(AccessFact):
    """Critical access is gone for good."""

    entitlement_ids: tuple[Id, ...] = ()
    memberships: tuple[Membership, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()
    verified: bool = False
    sessions_revoked: bool = False
    departed: bool = False


class CriticalAccessBlockFailed(AccessFact):
    """Critical access could not be taken away, and nothing was touched; a person must look."""

    cause: BlockFailureCause = BlockFailureCause.UNKNOWN
    entitlement_ids: tuple[Id, ...] = ()
    departed: bool = False
