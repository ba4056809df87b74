"""The mails that follow from what was booked, moved, cancelled, or could not be booked.

Each is about what was stated last; the last mail of the case says who has to hear it.
"""

from datetime import datetime
from email.message import EmailMessage

from choreography import Effect, NothingToDo, Reject
from consumers.hr.entry import InterviewSlot, slot_of, uid_of
from consumers.hr.letter import About, ForHr, ToHr, to_hr, to_participants
from consumers.hr.participants import Participants
from consumers.hr.ports import Ports
from consumers.shared.mail import Sent
from schemas import ExitEvent
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
    InvitationMethod,
)


async def invite_to_interview(
    event: ExitInterviewScheduled | ExitInterviewMoved, ports: Ports, effect: Effect
) -> InterviewInvitationSent:
    """Invite HR partner and employee to the interview, or tell them of its new time."""
    told = await effect.earlier(InterviewInvitationSent)
    slot = slot_of(event)
    if slot is None:
        raise Reject("This interview has no time.")
    known = await _known(told, effect)
    previous = event.previous_start if isinstance(event, ExitInterviewMoved) else None
    about = About(
        words="request",
        is_moved=isinstance(event, ExitInterviewMoved) and known not in (None, event.start),
        previous=known if known == previous else None,
        for_hr=told is not None and told.method is InvitationMethod.TASK,
        clash=event.clash,
        holidays=event.holidays,
        place=", ".join(part for part in (event.country, event.subdivision) if part),
    )
    return await _tell_participants(
        InvitationMethod.REQUEST, event, slot, sequence=event.sequence, about=about, ports=ports, effect=effect
    )


async def _known(told: InterviewInvitationSent | None, effect: Effect) -> datetime | None:
    """Return when the interview is to begin by the last mail, if that invites; later times may not have been told."""
    if told is None or told.method is not InvitationMethod.REQUEST:
        return None
    planned = await effect.history(ExitInterviewScheduled, ExitInterviewMoved)
    answered = (told.case_id, told.case_version)
    return next((one.start for one in planned if (one.case_id, one.case_version) == answered), None)


async def call_off_interview(event: ExitInterviewCancelled, ports: Ports, effect: Effect) -> InterviewInvitationSent:
    """Tell whoever was invited, or was to arrange it by hand, that the interview is not needed any more."""
    told = await effect.earlier(InterviewInvitationSent)
    if told is None or told.method is InvitationMethod.CANCEL:
        raise NothingToDo("Nobody was told of an interview.")
    slot = slot_of(event)
    if slot is None or told.method is InvitationMethod.TASK:
        return await _tell_hr("no_task", InvitationMethod.CANCEL, event, ports, effect)
    about = About(words="cancel")
    return await _tell_participants(
        InvitationMethod.CANCEL, event, slot, sequence=event.sequence, about=about, ports=ports, effect=effect
    )


async def ask_hr_to_arrange(event: ExitInterviewNotPossible, ports: Ports, effect: Effect) -> InterviewInvitationSent:
    """Ask HR to arrange by hand what could not be booked; who was invited is told that it is off."""
    told = await effect.earlier(InterviewInvitationSent)
    slot = slot_of(event)
    if slot is None or told is None or told.method is not InvitationMethod.REQUEST:
        return await _tell_hr("task", InvitationMethod.TASK, event, ports, effect)
    about = About(words="task_instead", for_hr=True, cause=event.cause, last_working_day=event.last_working_day)
    sequence = event.case_version if event.sequence is None else event.sequence
    return await _tell_participants(
        InvitationMethod.TASK, event, slot, sequence=sequence, about=about, ports=ports, effect=effect
    )


async def _tell_participants(
    method: InvitationMethod,
    event: ExitEvent,
    slot: InterviewSlot,
    *,
    sequence: int,
    about: About,
    ports: Ports,
    effect: Effect,
) -> InterviewInvitationSent:
    entry = await Participants(ports).entry(event, slot, sequence)
    message = to_participants(about, entry, event, effect.key, ports)
    sent = await _send(message, ports, effect)
    return InterviewInvitationSent(
        method=method,
        message_id=message["Message-ID"],
        ical_uid=uid_of(event.case_id),
        sequence=sequence,
        attendee_ids=(slot.interviewer_id, event.employee_id),
        perhaps_repeated=sent.perhaps_repeated,
    )


async def _tell_hr(
    words: ForHr, method: InvitationMethod, event: ToHr, ports: Ports, effect: Effect
) -> InterviewInvitationSent:
    name = await Participants(ports).name(event.employee_id)
    message = to_hr(words, name, event, effect.key, ports)
    sent = await _send(message, ports, effect)
    return InterviewInvitationSent(
        method=method, message_id=message["Message-ID"], perhaps_repeated=sent.perhaps_repeated
    )


async def _send(message: EmailMessage, ports: Ports, effect: Effect) -> Sent:
    sent = await ports.mailer.send(message, effect, otherwise=ports.hr.address)
    if not sent.reached:
        raise Reject("The mail system takes this mail for nobody, not even for HR. Mend EMS_HR_MAILBOX, then release.")
    return sent
