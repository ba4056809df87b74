"""The declaration of the HR service."""

from datetime import timedelta

from choreography import Service, on
from consumers.hr.handler import cancel_exit_interview, schedule_exit_interview
from consumers.hr.invitations import ask_hr_to_arrange, call_off_interview, invite_to_interview
from consumers.hr.moving import move_exit_interview
from consumers.hr.ports import Ports
from schemas.exits import (
    EXIT_CLOSED,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    LastWorkingDayChanged,
    ResignationWithdrawn,
)
from schemas.hr import (
    ExitInterviewCancelled,
    ExitInterviewMoved,
    ExitInterviewNotPossible,
    ExitInterviewScheduled,
    InterviewInvitationSent,
)

_SOON = timedelta(hours=1)
_OUTDATED = (ExitInterviewScheduled, ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewCancelled)

service = Service[Ports](
    group="ems.hr",
    starts="earliest",
    reactions=[
        on(
            EmployeeResigned,
            schedule_exit_interview,
            publishes=(ExitInterviewScheduled, ExitInterviewNotPossible),
            target="calendar",
            reads=("people",),
            unless=EXIT_CLOSED,
            within=_SOON,
        ),
        on(
            LastWorkingDayChanged,
            move_exit_interview,
            publishes=(ExitInterviewMoved, ExitInterviewScheduled, ExitInterviewNotPossible),
            target="calendar",
            reads=("people",),
            unless=(*EXIT_CLOSED, LastWorkingDayChanged),
            within=_SOON,
        ),
        *(
            on(event, cancel_exit_interview, publishes=(ExitInterviewCancelled,), target="calendar", within=_SOON)
            for event in (ResignationWithdrawn, EmployeeRetained, ExitCaseVoided)
        ),
        *(
            on(
                event,
                invite_to_interview,
                publishes=(InterviewInvitationSent,),
                target="mailer",
                reads=("people",),
                unless=_OUTDATED,
                within=_SOON,
                repeatable=False,
            )
            for event in (ExitInterviewScheduled, ExitInterviewMoved)
        ),
        on(
            ExitInterviewNotPossible,
            ask_hr_to_arrange,
            publishes=(InterviewInvitationSent,),
            target="mailer",
            reads=("people",),
            unless=_OUTDATED,
            within=_SOON,
            repeatable=False,
        ),
        on(
            ExitInterviewCancelled,
            call_off_interview,
            publishes=(InterviewInvitationSent,),
            target="mailer",
            reads=("people",),
            within=_SOON,
            repeatable=False,
        ),
    ],
)
