"""What the HR service did: topic `ems.hr.v1`, key = employee id."""

from datetime import date

from choreography import Topic
from schemas import ExitEvent
from schemas.fields import Count, Id, Instant, Text, Zone
from schemas.hr.enums import HolidaysKnown, InterviewCancellationCause, InterviewObstacle, InvitationMethod

__all__ = [
    "TOPIC",
    "ExitInterviewCancelled",
    "ExitInterviewMoved",
    "ExitInterviewNotPossible",
    "ExitInterviewScheduled",
    "HolidaysKnown",
    "InterviewCancellationCause",
    "InterviewInvitationSent",
    "InterviewObstacle",
    "InvitationMethod",
]

TOPIC = Topic("ems.hr.v1", package=__name__)


class HrFact(ExitEvent):
    """A fact that the HR service states."""

    topic = TOPIC


class InterviewFact(HrFact):
    """A fact about an entry in the calendar: all that an invitation to it, or its cancellation, needs."""

    ical_uid: Id
    sequence: Count
    start: Instant
    duration_minutes: Count = 45
    time_zone: Zone
    calendar_owner_id: Id | None = None
    interviewer_id: Id | None = None
    attendee_ids: tuple[Id, ...] = ()
    summary_language: Text | None = None


class ExitInterviewScheduled(InterviewFact):
    """An exit interview stands in the HR calendar; nobody has been invited yet."""

    same_day: bool = False
    clash: bool = False
    country: Text | None = None
    subdivision: Text | None = None
    holidays: HolidaysKnown = HolidaysKnown.UNKNOWN


class ExitInterviewMoved(InterviewFact):
    """The exit interview stands at another time."""

    same_day: bool = False
    clash: bool = False
    previous_start: Instant | None = None
    country: Text | None = None
    subdivision: Text | None = None
    holidays: HolidaysKnown = HolidaysKnown.UNKNOWN


class ExitInterviewCancelled(HrFact):
    """The exit interview was taken out of the calendar, or need not be arranged by hand any more.

    Attributes:
        start: `None`, as the time zone, when none was booked and HR had been asked to arrange it.
    """

    ical_uid: Id
    sequence: Count
    start: Instant | None = None
    duration_minutes: Count = 45
    time_zone: Zone | None = None
    calendar_owner_id: Id | None = None
    interviewer_id: Id | None = None
    attendee_ids: tuple[Id, ...] = ()
    summary_language: Text | None = None
    cause: InterviewCancellationCause = InterviewCancellationCause.UNKNOWN


class ExitInterviewNotPossible(HrFact):
    """No exit interview could be booked, or not any more; a person must arrange it.

    Attributes:
        start: of the interview that was called off because no time is left for it; `None` where none was booked, as
            are the sequence and the owner of the calendar.
    """

    cause: InterviewObstacle = InterviewObstacle.UNKNOWN
    hr_partner_id: Id | None = None
    last_working_day: date | None = None
    time_zone: Zone | None = None
    country: Text | None = None
    subdivision: Text | None = None
    start: Instant | None = None
    duration_minutes: Count = 45
    sequence: Count | None = None
    calendar_owner_id: Id | None = None
    attendee_ids: tuple[Id, ...] = ()


class InterviewInvitationSent(HrFact):
    """A mail about the exit interview was accepted by the mail system."""

    method: InvitationMethod = InvitationMethod.UNKNOWN
    message_id: Id
    ical_uid: Id | None = None
    sequence: Count | None = None
    attendee_ids: tuple[Id, ...] = ()
    perhaps_repeated: bool = False
