"""How a case stands, by what this service has told of it so far."""

from dataclasses import dataclass, field
from typing import Self

from choreography import Effect
from consumers.notification.matter import Days
from schemas import ExitEvent
from schemas.notification import ManagerNotified, NotificationFailed, NotificationWithheld


@dataclass(frozen=True)
class Standing:
    """What was told of a case, the newest of each kind.

    Attributes:
        manager: the manager, or who stands in for the manager.
        withheld: HR alone, because the case is restricted, or may be.
        hr: HR alone, because it has to find out who is meant.
        waits_since: the version of the case at which HR was first told alone.
        days: as they were last told.
    """

    manager: ManagerNotified | None = None
    withheld: NotificationWithheld | None = None
    hr: NotificationFailed | None = None
    waits_since: int | None = None
    days: Days = field(default_factory=Days)

    @classmethod
    async def of(cls, event: ExitEvent, effect: Effect) -> Self:
        """Read it from the facts of the event's case."""
        facts = await effect.history(ManagerNotified, NotificationWithheld, NotificationFailed)
        told = [fact for fact in facts if fact.case_id == event.case_id]
        withheld = [fact for fact in told if isinstance(fact, NotificationWithheld)]
        managers = [fact for fact in told if isinstance(fact, ManagerNotified)]
        asked = [fact for fact in told if isinstance(fact, NotificationFailed) and fact.message_id is not None]
        return cls(
            manager=managers[-1] if managers else None,
            withheld=max(withheld, key=lambda one: one.case_version, default=None),
            hr=asked[-1] if asked else None,
            waits_since=min((one.case_version for one in withheld), default=None),
            days=Days.of(told[-1] if told else None),
        )

    @property
    def message_to_hr(self) -> str | None:
        """The Message-ID of the newest mail to HR alone."""
        newest = self.withheld or self.hr
        return newest.message_id if newest else None
