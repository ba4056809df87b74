"""Who holds an interview, and when: asks the directory and the calendars, and decides by `slots`."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.hr.entry import InterviewSlot, uid_of
from consumers.hr.obstacle import NotPossible
from consumers.hr.participants import Participants
from consumers.hr.ports import CalendarSilent, Ports
from consumers.hr.slots import Period, WorkingDays, days_to_offer, first_free
from consumers.hr.wanted import Wanted
from schemas.hr import InterviewObstacle

PATIENCE: Final = timedelta(hours=1)  # with a calendar that does not answer although its server does


async def choose(wanted: Wanted, people: Participants, ports: Ports, now: datetime) -> InterviewSlot:
    """Choose the first slot that suits the HR partner and the employee.

    Raises:
        NotPossible: there is none.
    """
    zone = await _zone_of_employee(wanted, people, ports)
    interviewer = await people.interviewer(wanted)
    today = now.astimezone(zone).date()
    if wanted.last_working_day is not None and wanted.last_working_day < today:
        raise NotPossible(InterviewObstacle.TOO_LATE, interviewer.employee_id)
    works = WorkingDays(wanted.country, wanted.subdivision)
    days = days_to_offer(today, wanted.last_working_day, works)
    within = Period(now, datetime.combine(max(days, default=today), time.max, zone))
    theirs = zone_of(interviewer.time_zone, zone)
    owners = {wanted.employee_id: zone, interviewer.employee_id: theirs}
    taken = await _busy(wanted, owners, ports, within, now)
    slot = first_free(days, zone, theirs, taken, now)
    if slot is None:
        raise NotPossible(InterviewObstacle.NO_FREE_SLOT, interviewer.employee_id)
    ports.promised.give(slot, wanted.employee_id, interviewer.employee_id, now=now)
    return InterviewSlot(
        uid=uid_of(wanted.case_id),
        interviewer_id=interviewer.employee_id,
        start=slot.start,
        time_zone=zone.key,
        same_day=slot.start.astimezone(zone).date() == today,
        holidays=works.known,
    )


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


async def _busy(
    wanted: Wanted, owners: Mapping[str, ZoneInfo], ports: Ports, within: Period, now: datetime
) -> tuple[Period, ...]:
    """Return what is taken, by either; an employee without a readable calendar is taken to be free."""
    asked = (busy(one, within, zone, wanted=wanted, ports=ports, now=now) for one, zone in owners.items())
    own, theirs = await asyncio.gather(*asked)
    if theirs is None:
        raise NotPossible(InterviewObstacle.NO_CALENDAR, tuple(owners)[1])
    return (*(own or ()), *theirs, *ports.promised.to(*owners))


async def _zone_of_employee(wanted: Wanted, people: Participants, ports: Ports) -> ZoneInfo:
    """Believe the event, unless its zone is merely the company's default: then the directory knows better."""
    zone = zone_of(wanted.time_zone)
    employee = await people.person(wanted.employee_id)
    return zone_of(employee.time_zone, zone) if zone.key == ports.company_zone else zone
