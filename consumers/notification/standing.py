"""How a case stands, by what this service has told of it so far."""

from dataclasses import dataclass, field
from typing import Self

from choreography import Effect
from consumers.notification.matter import ABOVE, OPEN, Days
from schemas import ExitEvent
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationWithheld,
)


@dataclass(frozen=True)
class Standing:
    """What was told of a case, the newest of each kind.

    Attributes:
        manager: the manager, or who stands in for the manager; HR only where it never was anybody else.
        told: the newest of these messages, also one that HR got in the manager's place.
        withheld: HR alone, because the case is restricted, or may be.
        hr: HR alone, because it has to find out who is meant.
        waits_since: the version of the case at which HR was first told alone.
        days: as they were last told.
        message_to_hr: the Message-ID of the newest mail to HR alone; what HR's mailbox refused has none.
        undone: whether one of the messages, also one that reached nobody, is that the case is undone.
    """

    manager: ManagerNotified | None = None
    told: ManagerNotified | None = None
    withheld: NotificationWithheld | None = None
    hr: NotificationFailed | None = None
    waits_since: int | None = None
    days: Days = field(default_factory=Days)
    message_to_hr: str | None = None
    undone: bool = False

    @classmethod
    async def of(cls, event: ExitEvent, effect: Effect) -> Self:
        """Read it from the facts of the event's case."""
        facts = await effect.history(ManagerNotified, NotificationWithheld, NotificationDropped, NotificationFailed)
        said = [fact for fact in facts if fact.case_id == event.case_id]
        withheld = [fact for fact in said if isinstance(fact, NotificationWithheld)]
        managers = [fact for fact in said if isinstance(fact, ManagerNotified)]
        nearest = [fact for fact in managers if fact.recipient_role in ABOVE] or managers
        asked = [fact for fact in said if isinstance(fact, NotificationFailed) and fact.message_id is not None]
        to_hr = [one.message_id for one in asked] + [one.message_id for one in withheld if one.message_id is not None]
        return cls(
            manager=nearest[-1] if nearest else None,
            told=managers[-1] if managers else None,
            withheld=max(withheld, key=lambda one: one.case_version, default=None),
            hr=asked[-1] if asked else None,
            waits_since=min((one.case_version for one in withheld), default=None),
            days=Days.of(said[-1] if said else None),
            message_to_hr=to_hr[-1] if to_hr else None,
            undone=any(fact.kind not in OPEN for fact in said),
        )

    @property
    def nobody_knows(self) -> bool:
        """Whether neither a manager nor HR was told of the case."""
        return self.manager is None and self.withheld is None and self.hr is None

    @property
    def for_hr_alone(self) -> bool:
        """Whether the case is restricted, or may be, and HR has not had it told to anybody."""
        return self.nobody_knows or (self.withheld is not None and self.manager is None)
