"""The closed lists of words in `ems.exits.v1`; the schemas say what each means."""

from enum import StrEnum


class WorkerType(StrEnum):
    """How the person works for the company."""

    UNKNOWN = "UNKNOWN"
    EMPLOYEE = "EMPLOYEE"
    CONTINGENT = "CONTINGENT"


class ReasonCategory(StrEnum):
    """The kind of exit."""

    UNKNOWN = "UNKNOWN"
    VOLUNTARY = "VOLUNTARY"
    RETIREMENT = "RETIREMENT"
    END_OF_CONTRACT = "END_OF_CONTRACT"
    MUTUAL = "MUTUAL"
    OTHER = "OTHER"


class Risk(StrEnum):
    """How dangerous the person's access is until the decision."""

    NORMAL = "NORMAL"
    ELEVATED = "ELEVATED"
    HIGH = "HIGH"


class Confidentiality(StrEnum):
    """Who may learn of the case."""

    STANDARD = "STANDARD"
    RESTRICTED = "RESTRICTED"


class RequestedBy(StrEnum):
    """Who asked for a withdrawal."""

    UNKNOWN = "UNKNOWN"
    EMPLOYEE = "EMPLOYEE"
    EMPLOYER = "EMPLOYER"
    BOTH = "BOTH"


class VoidReason(StrEnum):
    """Why a case is void."""

    UNKNOWN = "UNKNOWN"
    ENTERED_IN_ERROR = "ENTERED_IN_ERROR"
    DUPLICATE = "DUPLICATE"
