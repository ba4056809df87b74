"""The closed lists of words in `ems.access.v1`; the schemas say what each means."""

from enum import StrEnum


class BlockFailureCause(StrEnum):
    """Why access is left as it is."""

    UNKNOWN = "UNKNOWN"
    PERSON_NOT_FOUND = "PERSON_NOT_FOUND"
    PERSON_AMBIGUOUS = "PERSON_AMBIGUOUS"
    PROTECTED_ACCOUNT = "PROTECTED_ACCOUNT"
    LAST_MEMBER = "LAST_MEMBER"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    GROUP_NOT_FOUND = "GROUP_NOT_FOUND"
    GROUP_AMBIGUOUS = "GROUP_AMBIGUOUS"


class NotRestoredCause(StrEnum):
    """Why access was not given back."""

    UNKNOWN = "UNKNOWN"
    STILL_BLOCKED = "STILL_BLOCKED"
    CHANGED_BY_OTHERS = "CHANGED_BY_OTHERS"
    GROUP_GONE = "GROUP_GONE"
    PERSON_GONE = "PERSON_GONE"
    DEPARTED = "DEPARTED"
