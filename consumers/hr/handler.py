"""Booking interviews and cancelling them; `invitations` reacts to what is stated here."""

import asyncio
from functools import partial
from typing import Final

from choreography import Effect, NothingToDo
from consumers.hr.choice import choose
from consumers.hr.entry import InterviewSlot, slot_of, uid_of
from consumers.hr.participants import NotPossible, Participants
from consumers.hr.ports import Ports
from consumers.hr.slots import MINUTE, Period
from consumers.hr.tombstone import Tombstone
from schemas import ExitEvent
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewCancellationCause,
)

Stated = ExitInterviewScheduled | ExitInterviewNotPossible | ExitInterviewCancelled
_CAUSES: Final[dict[type[ExitEvent], InterviewCancellationCause]] = {
    ResignationWithdrawn: InterviewCancellationCause.WITHDRAWN,
    EmployeeRetained: InterviewCancellationCause.RETAINED,
    ExitCaseVoided: InterviewCancellationCause.VOIDED,
}


async def schedule_exit_interview(
    event: EmployeeResigned, ports: Ports, effect: Effect
) -> ExitInterviewScheduled | ExitInterviewNotPossible:
    """Book an exit interview at the first time that suits HR partner and employee."""
    people = Participants(ports.people, ports.sender.hr_mailbox)
    try:
        slot, booked = await _book(event, people, ports, effect)
    except NotPossible as obstacle:
        return ExitInterviewNotPossible(
            cause=obstacle.cause,
            hr_partner_id=obstacle.interviewer_id,
            last_working_day=event.last_working_day,
            time_zone=event.time_zone,
        )
    return ExitInterviewScheduled(
        ical_uid=slot.uid,
        sequence=event.case_version,
        start=booked.start,
        duration_minutes=(booked.end - booked.start) // MINUTE,
        time_zone=slot.time_zone,
        calendar_owner_id=slot.interviewer_id,
        interviewer_id=slot.interviewer_id,
        attendee_ids=(slot.interviewer_id, event.employee_id),
        same_day=slot.same_day,
        clash=await _clash(event.employee_id, slot, booked, ports),
    )


async def cancel_exit_interview(event: ExitEvent, ports: Ports, effect: Effect) -> ExitInterviewCancelled:
    """Call the interview off in the calendar; where HR was to arrange it by hand, only say that it need not."""
    stated = await effect.earlier(ExitInterviewScheduled, ExitInterviewNotPossible, ExitInterviewCancelled)
    slot = await _perhaps_booked(event, stated, effect)
    if slot is None and not isinstance(stated, ExitInterviewNotPossible):
        raise NothingToDo("No interview is planned.")
    if isinstance(stated, ExitInterviewScheduled) and stated.start <= effect.now and not effect.repeated:
        raise NothingToDo("The interview has been held already.")
    if slot is not None:
        tombstone = Tombstone(slot, event.case_version, event.occurred_at)
        await ports.calendar.cancel(slot.interviewer_id, tombstone, effect.claim)
        ports.promised.take_back(slot.period, slot.interviewer_id, event.employee_id)
    return ExitInterviewCancelled(
        ical_uid=uid_of(event.case_id),
        sequence=event.case_version,
        start=slot.start if slot else None,
        time_zone=slot.time_zone if slot else None,
        calendar_owner_id=slot.interviewer_id if slot else None,
        interviewer_id=slot.interviewer_id if slot else None,
        attendee_ids=(slot.interviewer_id, event.employee_id) if slot else (),
        cause=_CAUSES[type(event)],
    )


async def _book(
    event: EmployeeResigned, people: Participants, ports: Ports, effect: Effect
) -> tuple[InterviewSlot, Period]:
    """Choose, write down, book; on a repeat first look whether that is done, and choose anew what has passed."""
    slot = await effect.once(InterviewSlot, partial(choose, event, people, ports, effect.now))
    booked = await ports.calendar.find(slot.interviewer_id, slot.uid) if effect.repeated else None
    if booked is not None:
        return slot, booked
    if slot.start <= effect.now:
        same_partner = event.model_copy(update={"hr_partner_id": slot.interviewer_id})
        slot = await choose(same_partner, people, ports, effect.now)
    entry = await people.entry(event, slot, event.case_version)
    return slot, await ports.calendar.book(slot.interviewer_id, entry, effect.claim)


async def _perhaps_booked(event: ExitEvent, stated: Stated | None, effect: Effect) -> InterviewSlot | None:
    """Return the slot that was stated, or one that was decided and may have been booked before a crash."""
    if isinstance(stated, ExitInterviewScheduled):
        return slot_of(stated, stated.start, stated.time_zone)
    begun = await effect.unfinished(InterviewSlot) if stated is None else ()
    return next((slot for slot in begun if slot.uid == uid_of(event.case_id)), None)


async def _clash(employee_id: str, slot: InterviewSlot, booked: Period, ports: Ports) -> bool:
    """Read both calendars again: somebody else may have booked the same time meanwhile."""
    owners = (slot.interviewer_id, employee_id)
    return any(await asyncio.gather(*(ports.calendar.busy(one, booked, besides=slot.uid) for one in owners)))
