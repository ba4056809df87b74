"""The closed lists of words in `ems.hr.v1`; the schemas say what each means."""

from enum import StrEnum


class HolidaysKnown(StrEnum):
    """Which public holidays were left out when a time was chosen."""

    UNKNOWN = "UNKNOWN"
    NONE = "NONE"
    COUNTRY = "COUNTRY"
    SUBDIVISION = "SUBDIVISION"


class InterviewCancellationCause(StrEnum):
    """Why an interview is not needed any more."""

    UNKNOWN = "UNKNOWN"
    RETAINED = "RETAINED"
    WITHDRAWN = "WITHDRAWN"
    VOIDED = "VOIDED"


class InterviewObstacle(StrEnum):
    """What stands in the way of an interview."""

    UNKNOWN = "UNKNOWN"
    NO_HR_PARTNER = "NO_HR_PARTNER"
    NO_CALENDAR = "NO_CALENDAR"
    NO_FREE_SLOT = "NO_FREE_SLOT"
    TOO_LATE = "TOO_LATE"
    PERSON_NOT_FOUND = "PERSON_NOT_FOUND"
    PERSON_AMBIGUOUS = "PERSON_AMBIGUOUS"
    INVALID_TIME_ZONE = "INVALID_TIME_ZONE"


class InvitationMethod(StrEnum):
    """The iTIP method of a mail about the interview; `TASK` asks HR to arrange it by hand."""

    UNKNOWN = "UNKNOWN"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    TASK = "TASK"
