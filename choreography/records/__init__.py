"""What the kit itself states: what did not simply happen, and what each service promises.

First floor, on `declare`; read this, `enums` and `manifest`. Both topics are named after the system that uses the kit:
`REACTIONS.of("ems")` is `ems.reactions.v1`. The records carry the roles' own names, since the kit knows nothing of the
domain's. Those that concern a whole group have its name as key, an id derived from it as correlation id, and 1 as
sequence. Promises: what was once stated can be read for ever.
"""

from datetime import UTC
from typing import Annotated, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from choreography.declare.event import Event
from choreography.declare.event import correlation_id as marks_correlation_id
from choreography.declare.event import record_key as marks_record_key
from choreography.declare.event import sequence as marks_sequence
from choreography.declare.topic import Topic
from choreography.records.enums import HoldReason, RefusalCause, SkipCause

__all__ = [
    "OF_SERVICES",
    "REACTIONS",
    "RECORDS",
    "SERVICES",
    "HoldReason",
    "IntakeHeld",
    "IntakeRefused",
    "IntakeReleased",
    "LedgerBegan",
    "ManifestReaction",
    "Position",
    "ReactionDecided",
    "ReactionDropped",
    "ReactionHeld",
    "ReactionReleased",
    "ReactionSkipped",
    "RefusalCause",
    "ServiceManifest",
    "SkipCause",
    "group_correlation",
]

REACTIONS: Final = Topic("system.reactions.v1", package=__name__)
SERVICES: Final = Topic("system.services.v1", package=__name__, cleanup="compact")

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Long = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Instant = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


def group_correlation(group: str) -> UUID:
    """Derive the correlation id of the records that concern a whole group."""
    return uuid5(NAMESPACE_URL, f"choreography:{group}")


class Part(BaseModel):
    """A value inside a record."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Position(Part):
    """A place in a topic."""

    topic: str
    partition: Count
    offset: Long


class ManifestReaction(Part):
    """One reaction to one type of event, as a service promises it."""

    event: str
    publishes: tuple[str, ...] = ()
    target: str
    reads: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    within_seconds: Long | None = None
    repeatable: bool = True


class KitRecord(Event):
    """What the kit states for a consumer group."""

    record_key: str = marks_record_key()
    correlation_id: UUID = marks_correlation_id()
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)] = marks_sequence()
    group: str


class ReactionRecord(KitRecord):
    """What became of the reaction of a group to an event."""

    topic = REACTIONS

    effect_key: UUID
    event_type: str | None = None
    caused_by: UUID | None = None


class ReactionSkipped(ReactionRecord):
    """A group will not react to an event."""

    position: Position | None = None
    cause: SkipCause = SkipCause.UNKNOWN
    reason: str | None = None
    undone_by: UUID | None = None
    undone_by_type: str | None = None


class ReactionHeld(ReactionRecord):
    """A reaction waits."""

    position: Position
    reason: HoldReason = HoldReason.UNKNOWN
    blocks_lane: bool = False
    not_before: Instant | None = None
    detail: str | None = None


class ReactionReleased(ReactionRecord):
    """A reaction that waited goes on."""

    position: Position | None = None


class ReactionDropped(ReactionRecord):
    """A reaction that waited is never to be done."""

    position: Position | None = None


class ReactionDecided(ReactionRecord):
    """A reaction wrote down what it is about to do."""

    position: Position | None = None
    kind: str
    decision: str


class LedgerBegan(KitRecord):
    """A group began to keep a ledger, at these positions."""

    topic = REACTIONS

    ledger_id: UUID
    positions: tuple[Position, ...] = ()


class IntakeHeld(KitRecord):
    """A request of a foreign system waits for a person."""

    topic = REACTIONS

    limit: Count
    window_seconds: Long


class IntakeReleased(KitRecord):
    """A request that was held is done now."""

    topic = REACTIONS

    opened: UUID


class IntakeRefused(KitRecord):
    """A request of a foreign system was refused."""

    topic = REACTIONS

    position: Position | None = None
    cause: RefusalCause = RefusalCause.UNKNOWN
    detail: str | None = None


class ServiceManifest(KitRecord):
    """What a service reacts to and what it states; the newest one of a group counts."""

    topic = SERVICES

    version: str
    owner: str | None = None
    starts: str
    topics: tuple[str, ...] = ()
    reactions: tuple[ManifestReaction, ...] = ()


OF_SERVICES: Final[tuple[type[KitRecord], ...]] = (
    *(ReactionSkipped, ReactionHeld, ReactionReleased, ReactionDropped),
    *(ReactionDecided, LedgerBegan),
)
RECORDS: Final[tuple[type[KitRecord], ...]] = (*OF_SERVICES, IntakeHeld, IntakeReleased, IntakeRefused, ServiceManifest)
