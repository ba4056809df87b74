"""The closed lists of words in the kit's own records; the schemas say what each means."""

from enum import StrEnum


class SkipCause(StrEnum):
    """Why a group does not react to an event."""

    UNKNOWN = "UNKNOWN"
    UNDONE = "UNDONE"
    NOTHING_TO_DO = "NOTHING_TO_DO"
    BEFORE_BEGIN = "BEFORE_BEGIN"


class RefusalCause(StrEnum):
    """Why a request of a foreign system is refused."""

    UNKNOWN = "UNKNOWN"
    UNREADABLE = "UNREADABLE"
    MISFIT = "MISFIT"
    RULES = "RULES"
    OTHER_REQUEST = "OTHER_REQUEST"
    FAILED = "FAILED"
    PERSON = "PERSON"


class HoldReason(StrEnum):
    """Why a reaction waits."""

    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"
    LATER = "LATER"
    QUEUED = "QUEUED"
    AGE = "AGE"
    BRAKE = "BRAKE"
    RESTRICTED = "RESTRICTED"
