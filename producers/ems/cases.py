"""The rules of a case: what may happen to it when, and which fact says that it did.

    submitted ─┬─▶ withdrawn
               ├─▶ retained
               ├─▶ voided
               └─▶ confirmed ─┬─▶ departed
                              └─▶ withdrawn     (an agreed rescission)

Plain functions over frozen values. Each takes a case and a fact that is not stamped yet, and returns the case as it is
then, together with the stamped fact; or refuses with a sentence that a person understands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from schemas import ExitEvent
from schemas.exits import EmployeeResigned, EmployeeRetained, ExitConfirmed, ResignationWithdrawn


class Status(StrEnum):
    """How far a case has come."""

    SUBMITTED = "SUBMITTED"
    WITHDRAWN = "WITHDRAWN"
    RETAINED = "RETAINED"
    CONFIRMED = "CONFIRMED"
    VOIDED = "VOIDED"
    DEPARTED = "DEPARTED"


OPEN: Final = frozenset({Status.SUBMITTED, Status.CONFIRMED})


class CaseError(Exception):
    """A case does not allow this."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class IllegalMove(CaseError):  # noqa: N818 - reads better without the suffix
    """This cannot happen to the case any more."""


class AlreadyOpen(CaseError):  # noqa: N818 - reads better without the suffix
    """The employee has an open case already.

    Attributes:
        case_id: the case that is open.
    """

    def __init__(self, case_id: UUID) -> None:
        super().__init__(
            f"This employee's resignation is already being handled in case {case_id}. Withdraw or decide that case "
            "first; if another employment of the same person ends, say which one by employment_id."
        )
        self.case_id = case_id


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it stands.

    Attributes:
        employment_id: which employment ends, where the HR system tells several of one person apart.
        version: the number of facts stated about it so far.
        last_working_day: as last said, in `time_zone`; None while it is open.
        time_zone: the IANA zone of the case's dates.
    """

    case_id: UUID
    employee_id: str
    employment_id: str | None
    version: int
    status: Status
    last_working_day: date | None
    time_zone: str

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self.status in OPEN


@dataclass(frozen=True)
class Stamp:
    """The identity and time of a fact about to be stated."""

    event_id: UUID
    at: datetime


@dataclass(frozen=True)
class Move:
    """A case after something happened to it, and the fact that says so."""

    case: Case
    event: ExitEvent


_LEADS_TO: Final[Mapping[type[ExitEvent], Mapping[Status, Status]]] = {
    ResignationWithdrawn: {Status.SUBMITTED: Status.WITHDRAWN, Status.CONFIRMED: Status.WITHDRAWN},
    EmployeeRetained: {Status.SUBMITTED: Status.RETAINED},
    ExitConfirmed: {Status.SUBMITTED: Status.CONFIRMED},
}

_SO_FAR: Final[Mapping[Status, str]] = {
    Status.SUBMITTED: "The resignation was submitted",
    Status.WITHDRAWN: "The resignation was withdrawn",
    Status.RETAINED: "It was decided that the employee stays",
    Status.CONFIRMED: "It was decided that the employee leaves",
    Status.VOIDED: "The case was voided",
    Status.DEPARTED: "The employee has left",
}
_ANEW: Final = "If the employee resigns again, send a new resignation."
_REMEDY: Final[Mapping[Status, str]] = {
    Status.WITHDRAWN: _ANEW,
    Status.RETAINED: _ANEW,
    Status.VOIDED: _ANEW,
    Status.CONFIRMED: "If both sides agree that the employee stays after all, withdraw the resignation.",
}


def resign(
    resigned: EmployeeResigned, *, employee_id: str, case_id: UUID, others: Iterable[Case], stamp: Stamp
) -> Move:
    """Open a case.

    Args:
        resigned: the fact, not stamped.
        employee_id: whose resignation it is.
        case_id: the id of the new case.
        others: the employee's other cases; those that are no longer open do not matter.
        stamp: the identity and time of the fact.

    Raises:
        AlreadyOpen: the same employment, or an unnamed one, is being ended already.
    """
    for other in others:
        if other.is_open and resigned.employment_id in {None, other.employment_id}:
            raise AlreadyOpen(other.case_id)
    case = Case(
        case_id=case_id,
        employee_id=employee_id,
        employment_id=resigned.employment_id,
        version=1,
        status=Status.SUBMITTED,
        last_working_day=resigned.last_working_day,
        time_zone=resigned.time_zone,
    )
    return _stated(case, resigned, stamp)


def withdraw(case: Case, withdrawn: ResignationWithdrawn, stamp: Stamp) -> Move:
    """Take the resignation back: before the decision, or by agreement after it was confirmed.

    Raises:
        IllegalMove: the case has ended otherwise.
    """
    return _follow(case, withdrawn, stamp, refusal="so there is nothing left to withdraw")


def decide(case: Case, decision: ExitConfirmed | EmployeeRetained, stamp: Stamp) -> Move:
    """Make the decision final: the employee leaves, or stays.

    Raises:
        IllegalMove: there is nothing left to decide.
    """
    return _follow(case, decision, stamp, refusal="so there is nothing left to decide")


def _follow(case: Case, event: ExitEvent, stamp: Stamp, *, refusal: str) -> Move:
    status = _LEADS_TO[type(event)].get(case.status)
    if status is None:
        raise IllegalMove(f"{_SO_FAR[case.status]}, {refusal}. {_REMEDY.get(case.status, '')}".rstrip())
    return _stated(replace(case, version=case.version + 1, status=status), event, stamp)


def _stated(case: Case, event: ExitEvent, stamp: Stamp) -> Move:
    stamped = event.stamped(
        event_id=stamp.event_id, key=case.employee_id, correlation=case.case_id, order=case.version, at=stamp.at
    )
    return Move(case, stamped)
