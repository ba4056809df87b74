"""Booking interviews and cancelling them; `moving` moves them, `invitations` reacts to what is stated here."""

from functools import partial
from typing import Final

from choreography import Effect, NothingToDo
from consumers.hr.booking import book, decided, not_possible
from consumers.hr.choice import choose
from consumers.hr.entry import InterviewSlot, slot_of, uid_of
from consumers.hr.letter import title_of_cancelled
from consumers.hr.moving import Move
from consumers.hr.obstacle import NotPossible
from consumers.hr.participants import Participants
from consumers.hr.ports import Ports
from consumers.hr.tombstone import Tombstone
from consumers.hr.wanted import Planned, Wanted
from schemas import ExitEvent
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewCancellationCause,
)

_CAUSES: Final[dict[type[ExitEvent], InterviewCancellationCause]] = {
    ResignationWithdrawn: InterviewCancellationCause.WITHDRAWN,
    EmployeeRetained: InterviewCancellationCause.RETAINED,
    ExitCaseVoided: InterviewCancellationCause.VOIDED,
}


async def schedule_exit_interview(
    event: EmployeeResigned, ports: Ports, effect: Effect
) -> ExitInterviewScheduled | ExitInterviewNotPossible:
    """Book an exit interview at the first time that suits HR partner and employee."""
    people, wanted = Participants(ports), Wanted.by(event)
    try:
        slot = await decided(InterviewSlot, partial(choose, wanted, people, ports, effect.now), event, ports, effect)
        return await book(ExitInterviewScheduled, slot, wanted, event, people=people, ports=ports, effect=effect)
    except NotPossible as obstacle:
        ports.promised.take_back(uid_of(event.case_id))
        return not_possible(obstacle, wanted)


async def cancel_exit_interview(event: ExitEvent, ports: Ports, effect: Effect) -> ExitInterviewCancelled:
    """Call the interview off in the calendar; where HR was to arrange it by hand, only say that it need not."""
    stated = await effect.earlier(
        ExitInterviewScheduled, ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewCancelled
    )
    begun = await _begun(event, effect)
    if isinstance(stated, ExitInterviewCancelled) or (stated is None and begun is None):
        raise NothingToDo("No interview is planned.")
    planned = slot_of(stated) if stated is not None else None
    if planned is not None and isinstance(stated, ExitInterviewScheduled | ExitInterviewMoved) and begun is None:
        planned = await _as_it_stands(planned, stated, event, ports)
        if planned.start <= effect.now and not effect.repeated:
            raise NothingToDo("The interview has been held already.")
    sequence = event.case_version
    for slot in (begun, planned):
        if slot is not None:
            tombstone = Tombstone(slot, event.case_version, event.occurred_at, title_of_cancelled(ports))
            sequence = await ports.calendar.cancel(slot.interviewer_id, tombstone, effect.claim)
            ports.promised.take_back(slot.uid)
    slot = planned or begun
    return ExitInterviewCancelled(
        ical_uid=uid_of(event.case_id),
        sequence=sequence,
        start=slot.start if slot else None,
        duration_minutes=slot.minutes if slot else 45,
        time_zone=slot.time_zone if slot else None,
        calendar_owner_id=slot.interviewer_id if slot else None,
        interviewer_id=slot.interviewer_id if slot else None,
        attendee_ids=(slot.interviewer_id, event.employee_id) if slot else (),
        cause=_CAUSES[type(event)],
    )


async def _as_it_stands(planned: InterviewSlot, stated: Planned, event: ExitEvent, ports: Ports) -> InterviewSlot:
    """Return the interview at the time that stands in the calendar, where HR may have moved it by hand.

    An attempt that crashed after it had called it off has left that time in its tombstone. What is not there any more,
    was called off by somebody else, or was put there and never stated, is as it was stated.
    """
    there = await ports.calendar.find(planned.interviewer_id, planned.uid)
    if there is None:
        return planned
    counts = there.version == event.case_version if there.is_cancelled else there.version <= stated.case_version
    return planned.at(there.period) if counts else planned


async def _begun(event: ExitEvent, effect: Effect) -> InterviewSlot | None:
    """Return a slot that was decided and may have been booked before a crash, but was never stated."""
    slots = [*await effect.unfinished(InterviewSlot), *(one.slot for one in await effect.unfinished(Move))]
    return next((slot for slot in reversed(slots) if slot is not None and slot.uid == uid_of(event.case_id)), None)
