"""Facts about a case, stated by EMS only: topic `ems.exits.v1`, key = employee id.

submitted → (withdrawn | voided | retained | confirmed); confirmed → (last working day moved)* → departed.
A withdrawal after the confirmation is allowed, and restores.
"""

from datetime import date
from typing import Final
from uuid import UUID

from choreography import Event, Topic
from schemas import ExitEvent
from schemas.exits.enums import Confidentiality, ReasonCategory, RequestedBy, Risk, VoidReason, WorkerType
from schemas.fields import Count, Id, Text, Zone

__all__ = [
    "EXIT_CLOSED",
    "EXIT_UNDONE",
    "TOPIC",
    "Confidentiality",
    "EmployeeDeparted",
    "EmployeeResigned",
    "EmployeeRetained",
    "ExitCaseVoided",
    "ExitConfirmed",
    "LastWorkingDayChanged",
    "ReasonCategory",
    "RequestedBy",
    "ResignationWithdrawn",
    "Risk",
    "VoidReason",
    "WorkerType",
]

TOPIC = Topic("ems.exits.v1", package=__name__)


class CaseFact(ExitEvent):
    """A fact about a case."""

    topic = TOPIC


class EmployeeResigned(CaseFact):
    """An employee handed in a resignation."""

    submitted_on: date
    employee_number: Id | None = None
    employment_id: Id | None = None
    worker_type: WorkerType = WorkerType.UNKNOWN
    manager_id: Id | None = None
    hr_partner_id: Id | None = None
    department: Text | None = None
    cost_center: Text | None = None
    organization: Text | None = None
    division: Text | None = None
    notice_period_days: Count | None = None
    last_working_day: date | None = None
    employment_end_date: date | None = None
    time_zone: Zone
    country: Text | None = None
    subdivision: Text | None = None
    reason_category: ReasonCategory = ReasonCategory.UNKNOWN
    risk: Risk = Risk.NORMAL
    confidentiality: Confidentiality = Confidentiality.STANDARD
    preferred_language: Text | None = None


class ResignationWithdrawn(CaseFact):
    """The resignation was taken back, before the decision or, by agreement, after it."""

    withdrawn_on: date | None = None
    requested_by: RequestedBy = RequestedBy.UNKNOWN


class LastWorkingDayChanged(CaseFact):
    """The last working day moved, or became known."""

    previous: date | None = None
    current: date | None = None


class EmployeeRetained(CaseFact):
    """The decision is final: the employee stays."""

    decided_on: date | None = None
    decided_by_id: Id | None = None


class ExitConfirmed(CaseFact):
    """The decision is final: the employee leaves."""

    decided_on: date | None = None
    decided_by_id: Id | None = None
    risk: Risk = Risk.NORMAL


class ExitCaseVoided(CaseFact):
    """The case was entered in error, or twice."""

    reason: VoidReason = VoidReason.UNKNOWN
    duplicate_of: UUID | None = None


class EmployeeDeparted(CaseFact):
    """The last working day is over, in the employee's zone."""

    departed_on: date | None = None
    risk: Risk = Risk.NORMAL


EXIT_UNDONE: Final[tuple[type[Event], ...]] = (ResignationWithdrawn, EmployeeRetained, ExitCaseVoided)
"""The employee stays, or there never was a case: what was done because of the resignation is to be undone."""

EXIT_CLOSED: Final[tuple[type[Event], ...]] = (*EXIT_UNDONE, EmployeeDeparted)
"""The case is over: a reaction to the resignation is pointless. `ExitConfirmed` is not among them, as it decides a
case and leaves it open until the last working day."""
