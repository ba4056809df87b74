"""For whom, and by when, a time for an interview is wanted: from the resignation, or from what was stated since."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from schemas.exits import EmployeeResigned, LastWorkingDayChanged
from schemas.hr import ExitInterviewMoved, ExitInterviewNotPossible, ExitInterviewScheduled

Planned = ExitInterviewScheduled | ExitInterviewMoved


@dataclass(frozen=True)
class Wanted:
    """What the time of an interview depends on.

    Attributes:
        since: when the event happened that wants it.
        partner_id: the HR partner in charge, where one is named.
        keeps_partner: whether nobody else may hold it, as it stands in this partner's calendar.
    """

    case_id: UUID
    employee_id: str
    since: datetime
    time_zone: str
    last_working_day: date | None
    country: str | None
    subdivision: str | None
    partner_id: str | None
    keeps_partner: bool = False

    @classmethod
    def by(cls, event: EmployeeResigned) -> Self:
        """Return what a resignation wants."""
        return cls(
            case_id=event.case_id,
            employee_id=event.employee_id,
            since=event.recorded_at,
            time_zone=event.time_zone,
            last_working_day=event.last_working_day,
            country=event.country,
            subdivision=event.subdivision,
            partner_id=event.hr_partner_id,
        )

    @classmethod
    def after(cls, event: LastWorkingDayChanged, stated: Planned | ExitInterviewNotPossible) -> Self:
        """Return what is wanted since the last working day has moved, given what was stated before."""
        is_planned = not isinstance(stated, ExitInterviewNotPossible)
        partner_id = stated.hr_partner_id if isinstance(stated, ExitInterviewNotPossible) else stated.interviewer_id
        return cls(
            case_id=event.case_id,
            employee_id=event.employee_id,
            since=event.recorded_at,
            time_zone=stated.time_zone or "",
            last_working_day=event.current,
            country=stated.country,
            subdivision=stated.subdivision,
            partner_id=partner_id,
            keeps_partner=is_planned,
        )
