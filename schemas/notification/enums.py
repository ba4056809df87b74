"""The closed lists of words in `ems.notification.v1`; the schemas say what each means."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """What a message tells."""

    UNKNOWN = "UNKNOWN"
    RESIGNED = "RESIGNED"
    RETAINED = "RETAINED"
    WITHDRAWN = "WITHDRAWN"
    CONFIRMED = "CONFIRMED"
    LAST_WORKING_DAY_CHANGED = "LAST_WORKING_DAY_CHANGED"
    VOIDED = "VOIDED"
    DUPLICATE = "DUPLICATE"


class RecipientRole(StrEnum):
    """In which role somebody is told."""

    UNKNOWN = "UNKNOWN"
    MANAGER = "MANAGER"
    SKIP_LEVEL = "SKIP_LEVEL"
    HR = "HR"


class NotificationFailureCause(StrEnum):
    """Why nobody could be told."""

    UNKNOWN = "UNKNOWN"
    NO_RECIPIENT = "NO_RECIPIENT"
    REFUSED = "REFUSED"
    PERSON_NOT_FOUND = "PERSON_NOT_FOUND"
    PERSON_AMBIGUOUS = "PERSON_AMBIGUOUS"


class AccessMatter(StrEnum):
    """What security has to look at."""

    UNKNOWN = "UNKNOWN"
    NOT_BLOCKED = "NOT_BLOCKED"
    NOT_RESTORED = "NOT_RESTORED"
