"""The rules of a case: what may happen to it when, and which fact says that it did.

    submitted ─┬─▶ withdrawn
               ├─▶ retained
               ├─▶ voided
               └─▶ confirmed ─┬─▶ departed      (once the last working day is over)
                              └─▶ withdrawn     (an agreed rescission)

The last working day may move any number of times, become known or be open again, as long as the case is open.

Plain functions over frozen values. Each takes a case, and a fact that is not stamped yet where somebody else says what
happened; it returns the case as it is then, together with the stamped fact; or refuses with a sentence that a person
understands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from producers.ems.case import OPEN, AlreadyOpen, Case, IllegalMove, Move, Stamp, Status
from schemas import ExitEvent
from schemas.exits import (
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
    VoidReason,
)

_LEADS_TO: Final[Mapping[type[ExitEvent], Mapping[Status, Status]]] = {
    ResignationWithdrawn: {Status.SUBMITTED: Status.WITHDRAWN, Status.CONFIRMED: Status.WITHDRAWN},
    ExitCaseVoided: {Status.SUBMITTED: Status.VOIDED},
    EmployeeRetained: {Status.SUBMITTED: Status.RETAINED},
    ExitConfirmed: {Status.SUBMITTED: Status.CONFIRMED},
    LastWorkingDayChanged: {status: status for status in OPEN},
    EmployeeDeparted: {Status.CONFIRMED: Status.DEPARTED},
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
    Status.DEPARTED: "If the employee was hired again and resigns again, send a new resignation.",
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
        AlreadyOpen: the same employment is being ended already, or none is named while any is. A named one may be ended
            beside an unnamed one: whether they are the same is for the HR system to tell apart.
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
        risk=resigned.risk,
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
    said = decision.model_copy(update={"risk": case.risk}) if isinstance(decision, ExitConfirmed) else decision
    return _follow(case, said, stamp, refusal="so there is nothing left to decide")


def void(case: Case, voided: ExitCaseVoided, stamp: Stamp, *, twin: Case | None = None) -> Move:
    """Declare that the case should not exist, as long as nothing was decided.

    Args:
        case: the case.
        voided: the fact, not stamped.
        stamp: the identity and time of the fact.
        twin: of a duplicate, the case that goes on in its place; None where there is no such case.

    Raises:
        IllegalMove: it was decided or has ended, or the twin is none.
    """
    move = _follow(case, voided, stamp, refusal="so the case can no longer be voided")
    if voided.reason is VoidReason.DUPLICATE:
        _refuse_unless_twins(case, twin)
    return move


def change_last_working_day(case: Case, day: date | None, stamp: Stamp) -> Move:
    """Move the last working day, say it for the first time, or leave it open again (None).

    Raises:
        IllegalMove: the case has ended, or it is that day already.
    """
    changed = LastWorkingDayChanged(previous=case.last_working_day, current=day)
    move = _follow(case, changed, stamp, refusal="so the last working day can no longer be moved")
    if day == case.last_working_day:
        is_now = "is that day" if day else "is open"
        raise IllegalMove(f"The last working day {is_now} already. There is nothing to be done.")
    return Move(replace(move.case, last_working_day=day), move.event)


def depart(case: Case, stamp: Stamp) -> Move:
    """State that the employee has left; it happened when the last working day was over.

    Raises:
        IllegalMove: nobody decided that the employee leaves, the day is open, or it is not over in the case's zone.
    """
    departed = EmployeeDeparted(departed_on=case.last_working_day, risk=case.risk)
    move = _follow(case, departed, stamp, refusal="so the employee does not depart by this case")
    departs_at = case.departs_at
    if departs_at is None or not case.has_departed(stamp.at):
        raise IllegalMove("The last working day is not over yet. It is stated by itself when it is.")
    return Move(move.case, move.event.model_copy(update={"occurred_at": departs_at}))


def _refuse_unless_twins(case: Case, twin: Case | None) -> None:
    if twin is None:
        raise IllegalMove("There is no case with the id in duplicate_of. Give the id of the case that goes on.")
    if twin.case_id == case.case_id:
        raise IllegalMove("A case cannot be the duplicate of itself. Give the id of the case that goes on.")
    if twin.employee_id != case.employee_id:
        raise IllegalMove("The case in duplicate_of is another person's. Give the id of the case that goes on.")
    if not twin.is_open:
        raise IllegalMove(
            "The case in duplicate_of has ended, so it cannot go on in place of this one. If this one should not "
            "exist either, void it as entered in error."
        )


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
