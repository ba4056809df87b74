"""What a last working day that has moved means for the interview: nothing, another time, or no time any more.

What stands in the calendar counts, not what was stated: HR may have agreed on another time with the employee. An
interview is left alone as long as it suits the new day, and also where there is no better time and it still is not
after the last working day. One that HR has taken out stays out.
"""

from datetime import datetime
from functools import partial

from pydantic import AwareDatetime, BaseModel, ConfigDict

from choreography import Effect, NothingToDo
from consumers.hr.booked import FINAL, Booked
from consumers.hr.booking import book, decided, not_possible
from consumers.hr.choice import choose, zone_of
from consumers.hr.entry import InterviewSlot, slot_of, uid_of
from consumers.hr.letter import title_of_cancelled
from consumers.hr.obstacle import NotPossible
from consumers.hr.participants import Participants
from consumers.hr.ports import Ports
from consumers.hr.slots import WorkingDays, may_stay
from consumers.hr.tombstone import Tombstone
from consumers.hr.wanted import Planned, Wanted
from schemas.exits import LastWorkingDayChanged
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewObstacle,
)


class Move(BaseModel):
    """What is done about an interview; written down before it is.

    Attributes:
        slot: where it is to stand; `None` if it can no longer be held.
        previous_start: when it would have begun; `None` if there was none.
        obstacle: why it can no longer be held.
        partner_id: who would have held it, where that is known.
    """

    model_config = ConfigDict(frozen=True)

    slot: InterviewSlot | None = None
    previous_start: AwareDatetime | None = None
    obstacle: InterviewObstacle = InterviewObstacle.UNKNOWN
    partner_id: str | None = None


async def move_exit_interview(
    event: LastWorkingDayChanged, ports: Ports, effect: Effect
) -> ExitInterviewMoved | ExitInterviewScheduled | ExitInterviewNotPossible:
    """Move the interview to where it suits the last working day, book it if it was not possible before, or give up."""
    stated = await effect.earlier(
        ExitInterviewScheduled, ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewCancelled
    )
    if stated is None or isinstance(stated, ExitInterviewCancelled):
        raise NothingToDo("No interview is planned.")
    wanted, people = Wanted.after(event, stated), Participants(ports)
    if isinstance(stated, ExitInterviewNotPossible):
        return await _schedule(event, stated, wanted, people=people, ports=ports, effect=effect)
    move = await decided(Move, partial(_decide, stated, wanted, people, ports, effect), event, ports, effect)
    obstacle = NotPossible(move.obstacle, move.partner_id)
    if move.slot is not None:
        try:
            moved = await book(ExitInterviewMoved, move.slot, wanted, event, people=people, ports=ports, effect=effect)
        except NotPossible as error:
            obstacle = error
        else:
            return moved.model_copy(update={"previous_start": move.previous_start})
    return await _give_up(event, stated, not_possible(obstacle, wanted), ports, effect)


async def _schedule(
    event: LastWorkingDayChanged,
    stated: ExitInterviewNotPossible,
    wanted: Wanted,
    *,
    people: Participants,
    ports: Ports,
    effect: Effect,
) -> ExitInterviewScheduled | ExitInterviewNotPossible:
    """Book what could not be booked before; what may still be in somebody's calendar is passed on."""

    async def decide() -> Move:
        return Move(slot=await choose(wanted, people, ports, effect.now))

    try:
        move = await decided(Move, decide, event, ports, effect)
        slot = move.slot or await choose(wanted, people, ports, effect.now)
        return await book(ExitInterviewScheduled, slot, wanted, event, people=people, ports=ports, effect=effect)
    except NotPossible as obstacle:
        ports.promised.take_back(uid_of(event.case_id))
        kept = {"start", "duration_minutes", "sequence", "calendar_owner_id", "attendee_ids"}
        return not_possible(obstacle, wanted).model_copy(update={name: getattr(stated, name) for name in kept})


async def _decide(stated: Planned, wanted: Wanted, people: Participants, ports: Ports, effect: Effect) -> Move:
    there = await ports.calendar.find(stated.calendar_owner_id or "", stated.ical_uid)
    is_ours = there is not None and stated.case_version < there.version < FINAL  # begun, and never stated
    if there is None or (there.is_cancelled and not is_ours):
        raise NothingToDo("The interview does not stand in the calendar any more: HR has taken it out.")
    start, zone, last = there.period.start, zone_of(stated.time_zone), wanted.last_working_day
    if start <= effect.now and not there.is_cancelled:
        raise NothingToDo("The interview has been held already.")
    day, today = start.astimezone(zone).date(), effect.now.astimezone(zone).date()
    works = WorkingDays(wanted.country, wanted.subdivision)
    if not there.is_cancelled and may_stay(day, today, last, works):
        return _left(there, stated, "The interview suits the last working day.", is_ours=is_ours)
    better = await _better(wanted, people, ports, effect.now)
    is_earlier = isinstance(better, InterviewSlot) and better.start < start
    if last is not None and day <= last and not there.is_cancelled and not is_earlier:
        ports.promised.take_back(stated.ical_uid)
        why = "There is no better time, and the interview is not after the last working day."
        return _left(there, stated, why, is_ours=is_ours)
    if isinstance(better, NotPossible):
        return Move(previous_start=stated.start, obstacle=better.cause, partner_id=better.interviewer_id)
    return Move(slot=better, previous_start=start)


async def _better(wanted: Wanted, people: Participants, ports: Ports, now: datetime) -> InterviewSlot | NotPossible:
    try:
        return await choose(wanted, people, ports, now)
    except NotPossible as obstacle:
        return obstacle


def _left(there: Booked, stated: Planned, why: str, *, is_ours: bool) -> Move:
    """Leave the interview where it stands; if a move to there was begun and never stated, state it."""
    slot = slot_of(stated)
    if slot is None or not is_ours:
        raise NothingToDo(why)
    here = slot.at(there.period).model_copy(update={"holidays": stated.holidays})
    return Move(slot=here, previous_start=stated.start)


async def _give_up(
    event: LastWorkingDayChanged, stated: Planned, fact: ExitInterviewNotPossible, ports: Ports, effect: Effect
) -> ExitInterviewNotPossible:
    ports.promised.take_back(uid_of(event.case_id))
    slot = slot_of(stated)
    if slot is None:
        return fact
    tombstone = Tombstone(slot, event.case_version, event.occurred_at, title_of_cancelled(ports))
    sequence = await ports.calendar.cancel(slot.interviewer_id, tombstone, effect.claim)
    called_off = {
        "start": slot.start,
        "duration_minutes": slot.minutes,
        "sequence": sequence,
        "calendar_owner_id": slot.interviewer_id,
        "attendee_ids": stated.attendee_ids,
    }
    return fact.model_copy(update=called_off)
