"""Who holds an interview, and when: asks the directory and the calendars, and decides by `slots`."""

import asyncio
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from consumers.hr.entry import InterviewSlot, uid_of
from consumers.hr.participants import NotPossible, Participants
from consumers.hr.ports import Ports
from consumers.hr.slots import Period, WorkingDays, days_to_offer, first_free
from schemas.exits import EmployeeResigned
from schemas.hr import InterviewObstacle


async def choose(event: EmployeeResigned, people: Participants, ports: Ports, now: datetime) -> InterviewSlot:
    """Choose the first slot that suits the HR partner and the employee.

    Raises:
        NotPossible: there is none.
    """
    zone = await _zone_of_employee(event, people, ports)
    interviewer = await people.interviewer(event)
    today = now.astimezone(zone).date()
    if event.last_working_day is not None and event.last_working_day < today:
        raise NotPossible(InterviewObstacle.TOO_LATE, interviewer.employee_id)
    days = days_to_offer(today, event.last_working_day, WorkingDays(event.country, event.subdivision))
    within = Period(now, datetime.combine(max(days, default=today), time.max, zone))
    busy = await _busy(event.employee_id, interviewer.employee_id, ports, within)
    slot = first_free(days, zone, _zone(interviewer.time_zone, zone), busy, now)
    if slot is None:
        raise NotPossible(InterviewObstacle.NO_FREE_SLOT, interviewer.employee_id)
    ports.promised.give(slot, event.employee_id, interviewer.employee_id, now=now)
    return InterviewSlot(
        uid=uid_of(event.case_id),
        interviewer_id=interviewer.employee_id,
        start=slot.start,
        time_zone=zone.key,
        same_day=slot.start.astimezone(zone).date() == today,
    )


async def _busy(employee_id: str, interviewer_id: str, ports: Ports, within: Period) -> tuple[Period, ...]:
    """Return what is taken, by either; an employee without a readable calendar is taken to be free."""
    asked = (ports.calendar.busy(one, within) for one in (employee_id, interviewer_id))
    own, theirs = await asyncio.gather(*asked)
    if theirs is None:
        raise NotPossible(InterviewObstacle.NO_CALENDAR, interviewer_id)
    return (*(own or ()), *theirs, *ports.promised.to(employee_id, interviewer_id))


async def _zone_of_employee(event: EmployeeResigned, people: Participants, ports: Ports) -> ZoneInfo:
    """Believe the event, unless its zone is merely the company's default: then the directory knows better."""
    zone = _zone(event.time_zone)
    employee = await people.person(event.employee_id)
    return _zone(employee.time_zone, zone) if zone.key == ports.company_zone else zone


def _zone(name: str | None, otherwise: ZoneInfo | None = None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if otherwise is None:
            raise NotPossible(InterviewObstacle.INVALID_TIME_ZONE) from error
        return otherwise
