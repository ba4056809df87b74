"""What the HR service needs from the world."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from choreography import ChoreographyError, Effect, Unavailable
from consumers.hr.interview import Entry, Tombstone
from consumers.hr.slots import Period, Promises
from consumers.shared.directory import Person
from consumers.shared.letters import Letters
from consumers.shared.mail import Sent
from schemas.hr import InterviewObstacle

FIRST: Final = 1
FINAL: Final = 2**31 - 1
Claim = Callable[[], Awaitable[None]]


class People(Protocol):
    """The company's directory, as it stands now."""

    async def with_employee_id(self, employee_id: str) -> Sequence[Person]:
        """Return everybody with exactly this id."""
        ...

    async def hr_partners_of(self, person: Person) -> Sequence[Person]:
        """Return those in HR who may be responsible for a person, and are not that person."""
        ...


class CalendarSilent(Unavailable):
    """One calendar does not answer in time, or answers that it is broken; the server as such is there."""


class NotPossible(ChoreographyError):  # noqa: N818 - an answer, not a failure
    """An interview cannot be booked, for a reason that waiting does not mend.

    Attributes:
        cause: the reason.
        interviewer_id: who would have held it, where that is known.
    """

    def __init__(self, cause: InterviewObstacle, interviewer_id: str | None = None) -> None:
        super().__init__(f"No interview can be booked: {cause}.")
        self.cause = cause
        self.interviewer_id = interviewer_id


@dataclass(frozen=True)
class Booked:
    """An interview as it stands in a calendar.

    Attributes:
        sequence: its `SEQUENCE`; the `case_version` of the event that put it, or more where HR has changed it.
        version: the `case_version` of the event that put it.
        is_cancelled: whether it was called off, and takes no time.
    """

    period: Period
    sequence: int
    version: int
    is_cancelled: bool = False


class InterviewCalendar(Protocol):
    """The calendars of the company, each known by the employee id of its owner."""

    async def busy(
        self, owner: str, within: Period, zone: ZoneInfo, *, besides: str | None = None
    ) -> Sequence[Period] | None:
        """Return when the owner is not free, apart from the entry `besides`; `None` without a readable calendar.

        Days, and times that say no zone, are meant in the owner's `zone`.
        """
        ...

    async def find(self, owner: str, uid: str) -> Booked | None:
        """Return what stands there of this interview, also when it was called off."""
        ...

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Booked:
        """Have the entry stand in place of what an earlier event of the case has left, and return what stands then.

        Raises:
            NothingToDo: a later event, or a person, called it off.
            NotPossible: nobody can put anything into this calendar.
        """
        ...

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> int:
        """Call the entry off, see to it that no earlier event puts one in later, and return the `SEQUENCE` of that."""
        ...


class Mailer(Protocol):
    """What sends mail."""

    async def send(self, message: EmailMessage, effect: Effect, /, *, otherwise: str) -> Sent:
        """Send the mail of an effect to all that it names; to `otherwise` as well when one is refused for good."""
        ...


class SentMail(Protocol):
    """The mails that the mail system has accepted, which the mailer asks about."""

    async def probe(self) -> None:
        """Make sure that it can be asked."""
        ...


@dataclass(frozen=True)
class Mailbox:
    """The mailbox of HR as a whole, which is written to when nobody else can be.

    Attributes:
        language: in which HR reads its mails and its calendars.
    """

    address: str
    language: str = "en"


@dataclass(frozen=True)
class Ports:
    """What the handlers are given.

    Attributes:
        promised: the slots that this process has chosen.
        company_zone: the time zone of a resignation that came without one.
    """

    people: People
    calendar: InterviewCalendar
    mailer: Mailer
    sent_mail: SentMail | None
    letters: Letters
    hr: Mailbox
    promised: Promises
    company_zone: str
