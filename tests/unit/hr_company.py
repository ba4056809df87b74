"""A small company for the unit tests of HR: Ana leaves, Ben is her HR partner."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from choreography import Effect, Event, NothingToDo, Unavailable
from choreography.testing.fake import FakeMemory
from consumers.hr.handler import cancel_exit_interview, schedule_exit_interview
from consumers.hr.interview import Entry, Tombstone
from consumers.hr.invitations import invite_to_interview
from consumers.hr.letter import TEMPLATES
from consumers.hr.moving import move_exit_interview
from consumers.hr.ports import Booked, CalendarSilent, Claim, Mailbox, NotPossible, Ports
from consumers.hr.slots import Period, Promises
from consumers.shared.directory import Person
from consumers.shared.letters import Letters, Templates
from consumers.shared.mail import Sent
from schemas import ExitEvent
from schemas.exits import EmployeeResigned, LastWorkingDayChanged
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
    InterviewObstacle,
)
from tests.doubles import HR, Directory
from tests.doubles import someone as anybody

MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TUESDAY_NINE = datetime(2026, 3, 3, 9, tzinfo=UTC)
CASE = UUID("01890000-0000-7000-8000-00000000beef")
UID = f"interview-{CASE}"
MINUTES = timedelta(minutes=45)


def someone(employee_id: str, **differs: Any) -> Person:
    return anybody(employee_id, **{"time_zone": "Europe/London", **differs})


class Calendars:
    """Calendars in a dictionary: owner → UID → period."""

    def __init__(self, *owners: str) -> None:
        self.entries: dict[str, dict[str, Period]] = {owner: {} for owner in owners}
        self.put: list[Entry] = []
        self.versions: dict[str, int] = {}
        self.tombs: dict[tuple[str, str], Tombstone] = {}
        self.read_only: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.before_writing: Callable[[], Awaitable[None]] | None = None  # happens once, between claim and request
        self.down_after_put = False
        self.down_after_cancel = False

    async def busy(
        self, owner: str, within: Period, zone: ZoneInfo, *, besides: str | None = None
    ) -> list[Period] | None:
        self.asked.append(owner)
        if owner in self.silent:
            raise CalendarSilent
        found = self.entries.get(owner)
        return None if found is None else [one for uid, one in found.items() if uid != besides and one.overlaps(within)]

    async def find(self, owner: str, uid: str) -> Booked | None:
        if (owner, uid) in self.tombs:
            return Booked(self.tombs[owner, uid].slot.period, 1, self.tombs[owner, uid].version, is_cancelled=True)
        period = self.entries.get(owner, {}).get(uid)
        version = self.versions.get(uid, 1)
        return Booked(period, version, version) if period else None

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Booked:
        await claim()
        waiting, self.before_writing = self.before_writing, None
        if waiting is not None:
            await waiting()
        if owner in self.read_only:
            raise NotPossible(InterviewObstacle.NO_CALENDAR, owner)
        uid, there = entry.slot.uid, await self.find(owner, entry.slot.uid)
        if there is not None and there.version >= entry.sequence:
            if there.is_cancelled:
                raise NothingToDo("The interview was called off.")
            return there
        self.put.append(entry)
        self.tombs.pop((owner, uid), None)
        self.entries[owner][uid], self.versions[uid] = entry.slot.period, entry.sequence
        if self.down_after_put:
            raise Unavailable
        return Booked(entry.slot.period, entry.sequence, entry.sequence)

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> int:
        await claim()
        self.tombs[owner, tombstone.slot.uid] = tombstone
        self.entries.get(owner, {}).pop(tombstone.slot.uid, None)
        if self.down_after_cancel:
            raise Unavailable
        return tombstone.version


@dataclass
class Outgoing:
    """A mail server that takes everything, or nothing."""

    sent: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def send(self, message: EmailMessage, effect: Effect, *, otherwise: str) -> Sent:
        if self.refuses:
            return Sent((), effect.repeated)
        self.sent.append(message)
        return Sent((str(message["To"]),), effect.repeated)


class Company:
    """Ana leaves, Ben is her HR partner; what the service remembers outlives its crashes."""

    def __init__(self, *, hr_language: str = "en") -> None:
        self.ben = someone("ben")
        self.directory = Directory(someone("ana"), self.ben, someone("cleo"), partner=self.ben)
        self.calendar = Calendars("ana", "ben", "cleo")
        self.mailer = Outgoing()
        self.ports = Ports(
            people=self.directory,
            calendar=self.calendar,
            mailer=self.mailer,
            sent_mail=None,
            letters=Letters(Templates(TEMPLATES), sender="EMS <ems@example.com>", domain="example.com"),
            hr=Mailbox(HR, hr_language),
            promised=Promises(),
            company_zone="Europe/Berlin",
        )
        self.memory = FakeMemory("ems.hr")
        self.now = MONDAY_NOON

    def living(self, zone: str, partner_zone: str | None = None) -> "Company":
        """Have Ana live in one zone, and Ben in the same or another."""
        ben = replace(self.ben, time_zone=partner_zone or zone)
        self.directory.people = [someone("ana", time_zone=zone), ben, someone("cleo")]
        self.directory.partner = ben
        return self

    def react(
        self, handler: Callable[[Any, Ports, Effect], Awaitable[Event]], event: Event, *, repeated: bool = False
    ) -> Event:
        fact = self.attempt(handler, event, repeated=repeated)
        return self.memory.state(event, fact, self.now)

    def attempt(
        self, handler: Callable[[Any, Ports, Effect], Awaitable[Event]], event: Event, *, repeated: bool = False
    ) -> Event:
        async def run() -> Event:
            return await handler(event, self.ports, self.memory.effect(event, self.now, repeated=repeated))

        return asyncio.run(run())

    def schedule(self, *, repeated: bool = False, **differs: Any) -> ExitInterviewScheduled:
        fact = self.react(schedule_exit_interview, resigned(**differs), repeated=repeated)
        assert isinstance(fact, ExitInterviewScheduled)
        return fact

    def fail_to_schedule(self, **differs: Any) -> ExitInterviewNotPossible:
        fact = self.react(schedule_exit_interview, resigned(**differs))
        assert isinstance(fact, ExitInterviewNotPossible)
        return fact

    def move(self, event: LastWorkingDayChanged, *, repeated: bool = False) -> Event:
        return self.react(move_exit_interview, event, repeated=repeated)

    def invite(self, event: Event) -> InterviewInvitationSent:
        fact = self.react(invite_to_interview, event)
        assert isinstance(fact, InterviewInvitationSent)
        return fact

    def cancel(self, event: ExitEvent) -> ExitInterviewCancelled:
        fact = self.react(cancel_exit_interview, event)
        assert isinstance(fact, ExitInterviewCancelled)
        return fact

    def last_text(self, kind: str = "plain") -> str:
        return text_of(self.mailer.sent[-1], kind)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return what a mail says, on one line."""
    body = mail.get_body((kind,))
    assert body is not None
    return " ".join(body.get_content().split())


def common(order: int, **differs: Any) -> dict[str, Any]:
    values = {
        "event_id": uuid5(CASE, str(order)),
        "case_id": CASE,
        "case_version": order,
        "employee_id": "ana",
        "occurred_at": MONDAY_NOON,
        "recorded_at": MONDAY_NOON,
    }
    return values | differs


def resigned(**differs: Any) -> EmployeeResigned:
    values: dict[str, Any] = {"submitted_on": date(2026, 3, 2), "time_zone": "Europe/London"}
    return EmployeeResigned(**values | common(1, **differs))


def changed(order: int, current: date | None) -> LastWorkingDayChanged:
    return LastWorkingDayChanged(current=current, **common(order))


def at_tuesday(hours: float, length: float = 1) -> Period:
    start = TUESDAY_NINE + timedelta(hours=hours)
    return Period(start, start + timedelta(hours=length))
