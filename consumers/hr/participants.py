"""For whom, and by when, an interview is wanted, and its people as the directory knows them at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID, uuid5

from consumers.hr.interview import Entry, InterviewSlot
from consumers.hr.ports import NotPossible, Ports
from consumers.shared.directory import Person
from consumers.shared.letters import Address
from consumers.shared.mail import is_address
from schemas import ExitEvent
from schemas.exits import EmployeeResigned, LastWorkingDayChanged
from schemas.hr import ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewScheduled, InterviewObstacle

Planned = ExitInterviewScheduled | ExitInterviewMoved
ASKED: Final = 5  # of a large group, whose calendars are read for one interview; by chance, but the same each time


@dataclass(frozen=True)
class Wanted:
    """What the time of an interview depends on.

    Attributes:
        since: when the event happened that wants it.
        partner_id: the HR partner in charge, where one is named.
        keeps_partner: whether nobody else may hold it, as it stands in this partner's calendar.
    """

    case_id: UUID
    employee_id: str
    since: datetime
    time_zone: str
    last_working_day: date | None
    country: str | None
    subdivision: str | None
    partner_id: str | None
    keeps_partner: bool = False

    @classmethod
    def by(cls, event: EmployeeResigned) -> Self:
        """Return what a resignation wants."""
        return cls(
            case_id=event.case_id,
            employee_id=event.employee_id,
            since=event.recorded_at,
            time_zone=event.time_zone,
            last_working_day=event.last_working_day,
            country=event.country,
            subdivision=event.subdivision,
            partner_id=event.hr_partner_id,
        )

    @classmethod
    def after(cls, event: LastWorkingDayChanged, stated: Planned | ExitInterviewNotPossible) -> Self:
        """Return what is wanted since the last working day has moved, given what was stated before."""
        is_planned = not isinstance(stated, ExitInterviewNotPossible)
        partner_id = stated.hr_partner_id if isinstance(stated, ExitInterviewNotPossible) else stated.interviewer_id
        return cls(
            case_id=event.case_id,
            employee_id=event.employee_id,
            since=event.recorded_at,
            time_zone=stated.time_zone or "",
            last_working_day=event.current,
            country=stated.country,
            subdivision=stated.subdivision,
            partner_id=partner_id,
            keeps_partner=is_planned,
        )


class Participants:
    """The people of one interview, each looked up once; HR as a whole stands in for an unknown interviewer."""

    def __init__(self, ports: Ports) -> None:
        self._people, self._letters, self._hr = ports.people, ports.letters, ports.hr
        self._known: dict[str, Person] = {}

    async def person(self, employee_id: str) -> Person:
        """Return the one person with this id.

        Raises:
            NotPossible: there is none, or more than one.
        """
        if employee_id not in self._known:
            found = await self._people.with_employee_id(employee_id)
            if len(found) != 1:
                raise NotPossible(InterviewObstacle.PERSON_AMBIGUOUS if found else InterviewObstacle.PERSON_NOT_FOUND)
            self._known[employee_id] = found[0]
        return self._known[employee_id]

    async def interviewers(self, wanted: Wanted) -> Sequence[Person]:
        """Return the HR partner who is named, or else some of those whom the directory has; never the leaver.

        Raises:
            NotPossible: there is nobody, or not the only one who may be.
        """
        named = wanted.partner_id
        if named and named != wanted.employee_id:
            found = await self._people.with_employee_id(named)
            if len(found) == 1 and found[0].active:
                return [self._known.setdefault(named, found[0])]
        if wanted.keeps_partner:
            raise NotPossible(InterviewObstacle.NO_HR_PARTNER, named)
        partners = await self._people.hr_partners_of(await self.person(wanted.employee_id))
        able = [one for one in partners if one.employee_id not in ("", wanted.employee_id)]
        if not able:
            raise NotPossible(InterviewObstacle.NO_HR_PARTNER)
        return sorted(able, key=lambda one: uuid5(wanted.case_id, one.employee_id))[:ASKED]

    async def entry(self, case: ExitEvent, slot: InterviewSlot, sequence: int) -> Entry:
        """Return the interview of a case as an entry; who cannot be written to is left out of those invited."""
        employee = await self._address(case.employee_id)
        return Entry(
            slot=slot,
            sequence=sequence,
            stamp=case.occurred_at,
            organizer=await self._address(slot.interviewer_id) or Address("HR", self._hr.address, self._hr.language),
            invited=(employee,) if employee else (),
            title=self._letters.line("interview/title", {"is_cancelled": False}, self._hr.language),
        )

    async def name(self, employee_id: str) -> str:
        """Return what to call a person; nothing where the directory does not know for certain who it is."""
        try:
            return (await self.person(employee_id)).display_name
        except NotPossible:
            return ""

    async def zone(self, employee_id: str) -> str | None:
        """Return the name of the zone in which a person lives, as far as the directory knows."""
        try:
            return (await self.person(employee_id)).time_zone
        except NotPossible:
            return None

    async def _address(self, employee_id: str) -> Address | None:
        try:
            found = await self.person(employee_id)
        except NotPossible:
            return None
        if not found.mail or not is_address(found.mail):
            return None
        return Address(self._letters.one_line(found.display_name), found.mail, found.preferred_language)
