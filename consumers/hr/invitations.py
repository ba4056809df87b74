"""The mails that follow from what was booked, cancelled, or could not be booked."""

from email.message import EmailMessage

from choreography import Effect, NothingToDo, Reject
from consumers.hr.entry import InterviewSlot, slot_of
from consumers.hr.letter import Words, to_hr, to_participants
from consumers.hr.participants import Participants
from consumers.hr.ports import Ports, Sent
from schemas import ExitEvent
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
    InvitationMethod,
)

Booking = ExitInterviewScheduled | ExitInterviewCancelled


async def invite_to_interview(event: ExitInterviewScheduled, ports: Ports, effect: Effect) -> InterviewInvitationSent:
    """Invite HR partner and employee to the interview."""
    slot = slot_of(event, event.start, event.time_zone)
    return await _tell_participants(InvitationMethod.REQUEST, event, slot, ports, effect)


async def call_off_interview(event: ExitInterviewCancelled, ports: Ports, effect: Effect) -> InterviewInvitationSent:
    """Tell whoever was invited, or was to arrange it by hand, that the interview is not needed any more."""
    told = await effect.earlier(InterviewInvitationSent)
    if told is None or told.method is InvitationMethod.CANCEL:
        raise NothingToDo("Nobody was told of an interview.")
    if event.start is None or event.time_zone is None:
        return await _tell_hr("no_task", InvitationMethod.CANCEL, event, ports, effect)
    slot = slot_of(event, event.start, event.time_zone)
    return await _tell_participants(InvitationMethod.CANCEL, event, slot, ports, effect)


async def ask_hr_to_arrange(event: ExitInterviewNotPossible, ports: Ports, effect: Effect) -> InterviewInvitationSent:
    """Ask HR to arrange by hand what could not be booked."""
    return await _tell_hr("task", InvitationMethod.TASK, event, ports, effect)


async def _tell_participants(
    method: InvitationMethod, event: Booking, slot: InterviewSlot, ports: Ports, effect: Effect
) -> InterviewInvitationSent:
    entry = await Participants(ports.people, ports.sender.hr_mailbox).entry(event, slot, event.sequence)
    message = to_participants(method, entry, event, effect.key, ports.sender)
    sent = await _send(message, ports, effect)
    return InterviewInvitationSent(
        method=method,
        message_id=message["Message-ID"],
        ical_uid=event.ical_uid,
        sequence=event.sequence,
        attendee_ids=event.attendee_ids,
        perhaps_repeated=sent.perhaps_repeated,
    )


async def _tell_hr(
    words: Words, method: InvitationMethod, event: ExitEvent, ports: Ports, effect: Effect
) -> InterviewInvitationSent:
    employee = await Participants(ports.people, ports.sender.hr_mailbox).name(event.employee_id)
    message = to_hr(words, employee, event, effect.key, ports.sender)
    sent = await _send(message, ports, effect)
    return InterviewInvitationSent(
        method=method, message_id=message["Message-ID"], perhaps_repeated=sent.perhaps_repeated
    )


async def _send(message: EmailMessage, ports: Ports, effect: Effect) -> Sent:
    sent = await ports.mailer.send(message, effect, otherwise=ports.sender.hr_mailbox)
    if not sent.reached:
        raise Reject("The mail system takes this mail for nobody, not even for HR. Mend EMS_HR_MAILBOX, then release.")
    return sent
