"""Carrying out what was decided about the time of an interview, looking whether somebody was faster, and saying so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from choreography import Effect
from consumers.hr.booked import Booked
from consumers.hr.choice import busy, choose, zone_of
from consumers.hr.entry import InterviewSlot, uid_of
from consumers.hr.obstacle import NotPossible
from consumers.hr.participants import Participants
from consumers.hr.ports import Ports
from consumers.hr.slots import MINUTE, Period
from consumers.hr.wanted import Wanted
from schemas import ExitEvent
from schemas.hr import ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewScheduled

Planned = TypeVar("Planned", ExitInterviewScheduled, ExitInterviewMoved)
D = TypeVar("D", bound=BaseModel)


async def book(
    kind: type[Planned],
    slot: InterviewSlot,
    wanted: Wanted,
    event: ExitEvent,
    *,
    people: Participants,
    ports: Ports,
    effect: Effect,
) -> Planned:
    """Book a slot, and return the fact of this kind that says so.

    On a repeat look first whether that is done, and choose anew what has passed.

    Raises:
        NotPossible: the slot has passed and there is no other, or nothing can be put into the calendar.
    """
    slot, booked = await _book(slot, wanted, event, people=people, ports=ports, effect=effect)
    return kind(
        ical_uid=slot.uid,
        sequence=booked.sequence,
        start=booked.period.start,
        duration_minutes=(booked.period.end - booked.period.start) // MINUTE,
        time_zone=slot.time_zone,
        calendar_owner_id=slot.interviewer_id,
        interviewer_id=slot.interviewer_id,
        attendee_ids=(slot.interviewer_id, event.employee_id),
        same_day=slot.same_day,
        clash=await _clashes(slot, booked.period, wanted, people=people, ports=ports, effect=effect),
        country=wanted.country,
        subdivision=wanted.subdivision,
        holidays=slot.holidays,
    )


def not_possible(obstacle: NotPossible, wanted: Wanted) -> ExitInterviewNotPossible:
    """Return the fact that says why no interview can be booked."""
    return ExitInterviewNotPossible(
        cause=obstacle.cause,
        hr_partner_id=obstacle.interviewer_id,
        last_working_day=wanted.last_working_day,
        time_zone=wanted.time_zone or None,
        country=wanted.country,
        subdivision=wanted.subdivision,
    )


async def decided(
    kind: type[D], decide: Callable[[], Awaitable[D]], event: ExitEvent, ports: Ports, effect: Effect
) -> D:
    """Decide once; where nothing came of it, or it could not be written down, let somebody else have the slot."""
    try:
        return await effect.once(kind, decide)
    except BaseException:
        ports.promised.take_back(uid_of(event.case_id))
        raise


async def _book(
    slot: InterviewSlot, wanted: Wanted, event: ExitEvent, *, people: Participants, ports: Ports, effect: Effect
) -> tuple[InterviewSlot, Booked]:
    there = await ports.calendar.find(slot.interviewer_id, slot.uid) if effect.repeated else None
    if there is not None and there.version == event.case_version and not there.is_cancelled:
        return slot, there
    if slot.start <= effect.now:
        slot = await choose(replace(wanted, partner_id=slot.interviewer_id), people, ports, effect.now)
    entry = await people.entry(event, slot, event.case_version)
    return slot, await ports.calendar.book(slot.interviewer_id, entry, effect.claim)


async def _clashes(
    slot: InterviewSlot, period: Period, wanted: Wanted, *, people: Participants, ports: Ports, effect: Effect
) -> bool:
    """Read both calendars again: somebody else may have booked the same time meanwhile."""
    zone = zone_of(slot.time_zone)
    owners = {wanted.employee_id: zone, slot.interviewer_id: zone_of(await people.zone(slot.interviewer_id), zone)}
    asked = (
        busy(one, period, zone, wanted=wanted, ports=ports, now=effect.now, besides=slot.uid)
        for one, zone in owners.items()
    )
    return any(await asyncio.gather(*asked))
