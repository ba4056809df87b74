"""What is to be told, and to whom."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.notification.ports import Person
from schemas import ExitEvent
from schemas.notification import ManagerNotified, NotificationFailureCause, NotificationKind, RecipientRole

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
