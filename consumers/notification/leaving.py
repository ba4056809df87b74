"""Whether somebody has an open exit case of their own, as far as this service knows from what it has stated itself.

No store of its own: what was told in a case says which way it stands, and until which day (ADR 0034).
"""

from enum import Enum, auto
from uuid import UUID

from choreography import Effect
from consumers.notification.matter import OPEN, Days
from consumers.notification.ports import Person
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationWithheld,
)


class Leaving(Enum):
    """Whether somebody is on the way out, and who may know it."""

    NO = auto()
    YES = auto()
    IN_CONFIDENCE = auto()  # only HR was told


async def leaving(person: Person | None, effect: Effect) -> Leaving:
    """Tell whether somebody has a case that is neither undone nor past its last working day."""
    if person is None or not person.employee_id:
        return Leaving.NO
    newest: dict[UUID, ManagerNotified | NotificationWithheld | NotificationDropped | NotificationFailed] = {}
    told: set[UUID] = set()
    for fact in await effect.history(
        ManagerNotified, NotificationWithheld, NotificationDropped, NotificationFailed, of=person.employee_id
    ):
        newest[fact.case_id] = fact
        if isinstance(fact, ManagerNotified):
            told.add(fact.case_id)
    is_open = {case for case, fact in newest.items() if fact.kind in OPEN and not Days.of(fact).are_over(effect.now)}
    if not is_open:
        return Leaving.NO
    return Leaving.YES if is_open <= told else Leaving.IN_CONFIDENCE
