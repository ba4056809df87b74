"""The people of a small company, and their calendars, for the real handlers of HR and Notification."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from choreography import Effect, NothingToDo, Unavailable
from consumers.hr.interview import Entry, Tombstone
from consumers.hr.letter import TEMPLATES as HR_TEMPLATES
from consumers.hr.ports import Booked
from consumers.hr.slots import Period
from consumers.notification.examples import TEMPLATES
from consumers.notification.ports import Mailboxes
from consumers.shared.directory.person import Person
from consumers.shared.letters import Letters, Templates
from tests.simulation.diary import Diary, Page
from tests.simulation.process import Process
from tests.simulation.targets import Refused, Target

MANAGER: Final = Person("scim-m", "m-1", "Mo", mail="mo@company", time_zone="Europe/Berlin")
PARTNER: Final = Person("scim-h", "h-1", "Hanna", mail="hanna@company", time_zone="Europe/Berlin")
HR_MAILBOX: Final = "hr@company"
MAILBOXES: Final = Mailboxes(HR_MAILBOX, HR_MAILBOX)
LETTERS: Final = Letters(Templates(TEMPLATES), sender="ems@company", domain="company")
HR_LETTERS: Final = Letters(Templates(HR_TEMPLATES), sender="ems@company", domain="company")
T = TypeVar("T")
Claim = Callable[[], Awaitable[None]]


def employee(employee_id: str) -> Person:
    """Return an employee."""
    return Person(
        f"scim-{employee_id}", employee_id, "Kim", mail=f"{employee_id}@company", manager_scim_id=MANAGER.id,
        time_zone="Europe/Berlin",
    )  # fmt: skip


@dataclass(frozen=True)
class SimPeople:
    """The directory of people, which is only read; what it refuses is unavailable, as `ScimPeople` has it."""

    process: Process
    directory: Target

    async def with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        known = {one.employee_id: one for one in (MANAGER, PARTNER)}
        return await self._ask(lambda: (known.get(employee_id) or employee(employee_id),))

    async def manager_of(self, person: Any) -> Person | None:
        found = MANAGER if person.manager_scim_id == MANAGER.id else None
        return await self._ask(lambda: found)

    async def hr_partners_of(self, person: Any) -> tuple[Person, ...]:
        return await self._ask(lambda: (PARTNER,))

    async def probe(self) -> None:
        await self._ask(lambda: None)

    async def _ask(self, look: Callable[[], T]) -> T:
        try:
            return await self.directory.ask(self.process, look)
        except Refused as refusal:
            raise Unavailable("people", untouched=True) from refusal


@dataclass(frozen=True)
class SimCalendar:
    """The adapter of the calendars, as `CalDavCalendar` is one."""

    process: Process
    diary: Diary

    async def busy(
        self, owner: str, within: Period, zone: ZoneInfo, *, besides: str | None = None
    ) -> tuple[Period, ...]:
        def look() -> tuple[Period, ...]:
            pages = (page for uid, page in self.diary.pages.items() if uid != besides and not page.is_cancelled)
            taken = (_period(page) for page in pages if page.content["owner"] == owner)
            return tuple(one for one in taken if one.overlaps(within))

        return await self.diary.ask(self.process, look)

    async def find(self, owner: str, uid: str) -> Booked | None:
        page = await self.diary.ask(self.process, partial(self.diary.read, uid))
        return _booked(page) if page else None

    async def book(self, owner: str, entry: Entry, claim: Claim) -> Booked:
        period, uid, version = entry.slot.period, entry.slot.uid, entry.sequence
        ask, diary = partial(self.diary.ask, self.process), self.diary
        content = _content(owner, period, version)
        page: Page | None = None
        while True:
            await claim()
            etag = page.etag if page else None
            if await ask(partial(diary.put, uid, content, etag, **_about(uid, claim))):
                return Booked(period, version, version)
            page = await ask(lambda: diary.read(uid))
            if page is not None and page.content["version"] >= version:
                if page.is_cancelled:
                    raise NothingToDo("The interview was called off.")
                return _booked(page)

    async def cancel(self, owner: str, tombstone: Tombstone, claim: Claim) -> int:
        ask, diary, uid = partial(self.diary.ask, self.process), self.diary, tombstone.slot.uid
        content = _content(owner, tombstone.slot.period, tombstone.version)
        while True:
            page = await ask(lambda: diary.read(uid))
            version = page.content["version"] if page else 0
            if page is not None and page.is_cancelled and version >= tombstone.version:
                return tombstone.version
            if version > tombstone.version:
                raise NothingToDo("A later event has planned the interview anew.")
            await claim()
            etag = page.etag if page else None
            if await ask(partial(diary.cancel, uid, etag, content, **_about(uid, claim))):
                return tombstone.version

    async def probe(self) -> None:
        await self.diary.ask(self.process, lambda: None)


def _content(owner: str, period: Period, version: int) -> dict[str, Any]:
    return {"owner": owner, "start": period.start.isoformat(), "end": period.end.isoformat(), "version": version}


def _booked(page: Page) -> Booked:
    version = int(page.content["version"])
    return Booked(_period(page), version, version, is_cancelled=page.is_cancelled)


def _period(page: Page) -> Period:
    return Period(datetime.fromisoformat(page.content["start"]), datetime.fromisoformat(page.content["end"]))


def _about(uid: str, claim: Any) -> dict[str, str]:
    effect: Effect = claim.__self__  # the effect whose method it is
    return {"effect_key": str(effect.key), "correlation": uid.removeprefix("interview-")}
