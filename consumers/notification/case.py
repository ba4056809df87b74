"""What is to be told of a case, to whom, and how the case stands by what this service has told of it so far."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from choreography import Effect
from consumers.shared.directory import Person
from consumers.shared.letters import Address
from schemas import ExitEvent
from schemas.notification import (
    ManagerNotified,
    NotificationDropped,
    NotificationFailed,
    NotificationFailureCause,
    NotificationKind,
    NotificationWithheld,
    RecipientRole,
)

OPEN: Final = frozenset(
    {NotificationKind.RESIGNED, NotificationKind.CONFIRMED, NotificationKind.LAST_WORKING_DAY_CHANGED}
)
"""What is told of a case that is not undone."""
ABOVE: Final = (RecipientRole.MANAGER, RecipientRole.SKIP_LEVEL)
"""Those above the person concerned, who are told first."""


class Obstacle(StrEnum):
    """Why somebody cannot be written to; the templates have the words."""

    CONCERNED = "CONCERNED"
    UNKNOWN = "UNKNOWN"
    INACTIVE = "INACTIVE"
    LEAVING = "LEAVING"
    NO_ADDRESS = "NO_ADDRESS"
    BAD_ADDRESS = "BAD_ADDRESS"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Recipient:
    """Somebody who may be written to.

    Attributes:
        name: what to call them; empty for a mailbox, and for somebody unknown.
        id: the employee id; `None` for a mailbox.
        language: the preferred language, such as `de-AT`.
        obstacle: why this one cannot be written to; `None` when nothing is known against it.
    """

    role: RecipientRole
    name: str = ""
    address: str = ""
    id: str | None = None
    language: str | None = None
    obstacle: Obstacle | None = None

    @property
    def reader(self) -> Address:
        """To whom a letter is written."""
        return Address(self.name, self.address, self.language)


Line = AsyncIterator[Recipient]
"""Who is to be told, the right one first; asked only as far as needed."""


class _Dated(Protocol):
    @property
    def submitted_on(self) -> date | None: ...
    @property
    def last_working_day(self) -> date | None: ...
    @property
    def time_zone(self) -> str | None: ...


@dataclass(frozen=True)
class Days:
    """The days of a case, each as it is where the person works."""

    submitted_on: date | None = None
    last_working_day: date | None = None
    time_zone: str | None = None

    @classmethod
    def of(cls, fact: _Dated | None) -> "Days":
        """Return the days that an event or an earlier fact carries."""
        return cls() if fact is None else cls(fact.submitted_on, fact.last_working_day, fact.time_zone)

    def are_over(self, now: datetime) -> bool:
        """Tell whether the last working day is over where the person works; UTC counts where the zone is unknown."""
        try:
            zone = ZoneInfo(self.time_zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return self.last_working_day is not None and now.astimezone(UTC).date() > self.last_working_day
        return self.last_working_day is not None and now.astimezone(zone).date() > self.last_working_day


@dataclass(frozen=True)
class Matter:
    """What is to be told of a case.

    Attributes:
        concerned: whom the directory knows with the employee's id: nobody, the right person, or several.
        withheld: whether the manager is not told by this mail, so that HR has to decide.
        manager_told: whether HR has had the manager told of this case before.
        problem: why the manager cannot be told, so that HR has to do it.
        answers: the Message-ID of the mail that this one continues.
        told: who got that mail; `None` where HR alone did.
    """

    event: ExitEvent
    kind: NotificationKind
    concerned: tuple[Person, ...]
    days: Days = field(default_factory=Days)
    withheld: bool = False
    manager_told: bool = False
    problem: NotificationFailureCause | None = None
    answers: str | None = None
    told: ManagerNotified | None = None

    @property
    def employee(self) -> Person | None:
        """The person concerned, where the directory knows for certain who that is."""
        return self.concerned[0] if len(self.concerned) == 1 else None

    def follows_for(self, to: Recipient) -> bool:
        """Tell whether this continues a mail that the recipient has got."""
        one = self.told
        return self.answers is not None and (one is None or (one.recipient_role, one.recipient_id) == (to.role, to.id))

    def concerns(self, person_id: str | None, addresses: Iterable[str]) -> bool:
        """Tell whether somebody with this employee id, or one of these addresses, is the person concerned."""
        own = {address.casefold() for one in self.concerned for address in addresses_of(one)}
        return person_id == self.event.employee_id or any(address.casefold() in own for address in addresses)


def addresses_of(person: Person) -> tuple[str, ...]:
    """Return every address of a person; the one to write to comes first."""
    return tuple(dict.fromkeys(address for address in (person.mail, *person.mails) if address))


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
