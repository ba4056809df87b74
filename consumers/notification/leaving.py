"""Whether somebody has an open exit case of their own, as far as this service knows from what it has stated itself.

No store of its own: what was told in a case says which way it stands, and until which day (ADR 0034).
"""

from collections import defaultdict
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Leaving:
    """Whether somebody is on the way out, and who knows it.

    Attributes:
        is_open: they have a case that is neither undone nor past its last working day.
        known_to: the employee ids of those who were told of every such case.
    """

    is_open: bool = False
    known_to: frozenset[str] = frozenset()

    def may_be_named_to(self, reader: Person | None) -> bool:
        """Tell whether a mail to this reader may say it; to nobody, nothing is betrayed."""
        return not self.is_open or reader is None or reader.employee_id in self.known_to


async def leaving(person: Person | None, effect: Effect) -> Leaving:
    """Tell whether somebody has an open case of their own."""
    if person is None or not person.employee_id:
        return Leaving()
    newest: dict[UUID, ManagerNotified | NotificationWithheld | NotificationDropped | NotificationFailed] = {}
    told: defaultdict[UUID, set[str]] = defaultdict(set)
    for fact in await effect.history(
        ManagerNotified, NotificationWithheld, NotificationDropped, NotificationFailed, of=person.employee_id
    ):
        newest[fact.case_id] = fact
        if isinstance(fact, ManagerNotified) and fact.recipient_id:
            told[fact.case_id].add(fact.recipient_id)
    is_open = [case for case, fact in newest.items() if fact.kind in OPEN and not Days.of(fact).are_over(effect.now)]
    if not is_open:
        return Leaving()
    return Leaving(is_open=True, known_to=frozenset(set.intersection(*(told[case] for case in is_open))))
