"""What EMS says about requests for which nothing simply happened: refused, held, released.

Each has an id that is derived, so that saying it twice is saying it once.
"""

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from choreography import (
    REACTIONS,
    Event,
    IntakeHeld,
    IntakeRefused,
    IntakeReleased,
    Position,
    Record,
    RefusalCause,
    group_correlation,
)

GROUP: Final = "ems.intake"
STATED_ON: Final = REACTIONS.of("ems")
KINDS: Final[tuple[type[Event], ...]] = (IntakeHeld, IntakeReleased, IntakeRefused)


def record_refused(name: str, record: Record, cause: RefusalCause, detail: str, at: datetime) -> IntakeRefused:
    """State that a record was refused; `name` tells it from every other one."""
    fact = IntakeRefused(group=GROUP, position=Position(**record.place._asdict()), cause=cause, detail=detail)
    event_id, group = uuid5(NAMESPACE_URL, f"{GROUP}:{name}"), group_correlation(GROUP)
    return fact.stamped(event_id=event_id, key=GROUP, correlation=group, order=1, at=at)


def held(hold_id: UUID, employee_id: str, limit: int, window_seconds: int, at: datetime) -> IntakeHeld:
    """State that a resignation waits for a person."""
    fact = IntakeHeld(group=GROUP, limit=limit, window_seconds=window_seconds)
    return fact.stamped(event_id=uuid5(hold_id, "held"), key=employee_id, correlation=hold_id, order=1, at=at)


def released(hold_id: UUID, employee_id: str, case_id: UUID, at: datetime) -> IntakeReleased:
    """State that a resignation that was held has opened a case."""
    fact = IntakeReleased(group=GROUP, opened=case_id)
    return fact.stamped(event_id=uuid5(hold_id, "released"), key=employee_id, correlation=hold_id, order=2, at=at)


def hold_refused(hold_id: UUID, employee_id: str, cause: RefusalCause, detail: str, at: datetime) -> IntakeRefused:
    """State that a resignation that was held opens no case."""
    fact = IntakeRefused(group=GROUP, cause=cause, detail=detail)
    return fact.stamped(event_id=uuid5(hold_id, "refused"), key=employee_id, correlation=hold_id, order=2, at=at)
