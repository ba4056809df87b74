"""Who holds an interview, and when: asks the directory and the calendars, and decides by `slots`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.hr.interview import InterviewSlot, uid_of
from consumers.hr.participants import Participants, Wanted
from consumers.hr.ports import CalendarSilent, NotPossible, Ports
from consumers.hr.slots import Office, Period, WorkingDays, days_to_offer, first_free, load_of
from consumers.shared.directory import Person
from schemas.hr import InterviewObstacle

PATIENCE: Final = timedelta(hours=1)  # with a calendar that does not answer although its server does


@dataclass(frozen=True)
class Offer:
    """When one HR partner could hold an interview, and how much time is taken in that calendar already."""

    interviewer_id: str
    slot: Period | None
    load: timedelta


async def choose(wanted: Wanted, people: Participants, ports: Ports, now: datetime) -> InterviewSlot:
    """Choose the first slot that suits the employee and the HR partner, of several the one with most time left.

    Raises:
        NotPossible: there is none.
    """
    zone = await _zone_of_employee(wanted, people, ports)
    partners = await people.interviewers(wanted)
    today = now.astimezone(zone).date()
    if wanted.last_working_day is not None and wanted.last_working_day < today:
        raise NotPossible(InterviewObstacle.TOO_LATE, partners[0].employee_id)
    works = WorkingDays(wanted.country, wanted.subdivision)
    days = days_to_offer(today, wanted.last_working_day, works)
    within = Period(now, datetime.combine(max(days, default=today), time.max, zone))
    offers = await _offers(wanted, partners, days, zone, within=within, ports=ports)
    if not offers:
        raise NotPossible(InterviewObstacle.NO_CALENDAR, partners[0].employee_id)
    best = min(offers, key=lambda one: (one.slot is None, one.load))
    if best.slot is None:
        raise NotPossible(InterviewObstacle.NO_FREE_SLOT, best.interviewer_id)
    ports.promised.give(uid_of(wanted.case_id), best.slot, wanted.employee_id, best.interviewer_id, now=now)
    return InterviewSlot(
        uid=uid_of(wanted.case_id),
        interviewer_id=best.interviewer_id,
        start=best.slot.start,
        time_zone=zone.key,
        same_day=best.slot.start.astimezone(zone).date() == today,
        holidays=works.known,
    )


async def _offers(
    wanted: Wanted, partners: Sequence[Person], days: Sequence[date], zone: ZoneInfo, *, within: Period, ports: Ports
) -> list[Offer]:
    """Return what each partner whose calendar can be read could offer; an employee without one is taken to be free."""
    zones = {one.employee_id: zone_of(one.time_zone, zone) for one in partners}
    ask = partial(busy, wanted=wanted, ports=ports, now=within.start)
    asked = (ask(owner, within, where) for owner, where in ((wanted.employee_id, zone), *zones.items()))
    own, *theirs = await asyncio.gather(*asked)
    offers = []
    for partner, times in zip(partners, theirs, strict=True):
        if times is not None:
            owner = partner.employee_id
            given = ports.promised.to(wanted.employee_id, owner, besides=uid_of(wanted.case_id))
            office = Office(zones[owner], WorkingDays(partner.country, None))
            slot = first_free(days, zone, office, (*(own or ()), *times, *given), within.start)
            offers.append(Offer(owner, slot, load_of((*times, *ports.promised.to(owner)), within)))
    return offers


def zone_of(name: str | None, otherwise: ZoneInfo | None = None) -> ZoneInfo:
    """Return the zone of this name, or another where there is none.

    Raises:
        NotPossible: there is none, and no other.
    """
    try:
        return ZoneInfo(name or "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if otherwise is None:
            raise NotPossible(InterviewObstacle.INVALID_TIME_ZONE) from error
        return otherwise


async def busy(
    owner: str,
    within: Period,
    zone: ZoneInfo,
    *,
    wanted: Wanted,
    ports: Ports,
    now: datetime,
    besides: str | None = None,
) -> Sequence[Period] | None:
    """Return when somebody is not free; `None` where no calendar can be read, or one has been silent for too long."""
    try:
        return await ports.calendar.busy(owner, within, zone, besides=besides)
    except CalendarSilent:
        if now - wanted.since < PATIENCE:
            raise
        return None


async def _zone_of_employee(wanted: Wanted, people: Participants, ports: Ports) -> ZoneInfo:
    """Believe the event, unless its zone is merely the company's default: then the directory knows better."""
    zone = zone_of(wanted.time_zone)
    employee = await people.person(wanted.employee_id)
    return zone_of(employee.time_zone, zone) if zone.key == ports.company_zone else zone
