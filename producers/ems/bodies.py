"""What a request may say, field by field; anything else is refused by name.

`null` means "not given". Values are taken as they are: no number becomes a text, no number a date. Ids and names of
departments are printable text; a control character or an invisible sign in an id can only be an error or a trick.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from producers.ems.zones import TimeZone, today
from schemas.exits import (
    Confidentiality,
    EmployeeResigned,
    EmployeeRetained,
    ExitConfirmed,
    ReasonCategory,
    RequestedBy,
    ResignationWithdrawn,
    Risk,
    WorkerType,
)

# control characters, zero-width characters, and the marks that turn the direction of writing
_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def _readable(text: str) -> str:
    if text != text.strip() or _INVISIBLE.search(text):
        raise ValueError("remove blanks around it, and characters that cannot be seen")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_readable)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Resignation(_Body):
    """An employee resigns; the fields are those of `EmployeeResigned`."""

    employee_id: Text
    submitted_on: date | None = None
    employee_number: Text | None = None
    employment_id: Text | None = None
    worker_type: WorkerType | None = None
    manager_id: Text | None = None
    hr_partner_id: Text | None = None
    department: Text | None = None
    cost_center: Text | None = None
    organization: Text | None = None
    division: Text | None = None
    notice_period_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    last_working_day: date | None = None
    employment_end_date: date | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    subdivision: Text | None = None
    reason_category: ReasonCategory | None = None
    risk: Risk | None = None
    confidentiality: Confidentiality | None = None
    preferred_language: Text | None = None

    def fact(self, now: datetime, time_zone: str) -> EmployeeResigned:
        """Return the fact, with today's date in the case's time zone unless another was given."""
        given = self.model_dump(exclude={"employee_id"}, exclude_none=True)
        zone = given.setdefault("time_zone", time_zone)
        given.setdefault("submitted_on", today(now, zone))
        return EmployeeResigned.model_validate(given)


class Decision(_Body):
    """It is final whether the employee leaves."""

    outcome: Literal["CONFIRMED", "RETAINED"]
    decided_by_id: Text | None = None
    decided_on: date | None = None

    def fact(self, now: datetime, time_zone: str) -> ExitConfirmed | EmployeeRetained:
        """Return the fact that states this outcome."""
        kind = ExitConfirmed if self.outcome == "CONFIRMED" else EmployeeRetained
        return kind(decided_on=self.decided_on or today(now, time_zone), decided_by_id=self.decided_by_id)


class Withdrawal(_Body):
    """The resignation is taken back."""

    withdrawn_on: date | None = None
    requested_by: RequestedBy | None = None

    def fact(self, now: datetime, time_zone: str) -> ResignationWithdrawn:
        """Return the fact."""
        return ResignationWithdrawn(
            withdrawn_on=self.withdrawn_on or today(now, time_zone),
            requested_by=self.requested_by or RequestedBy.UNKNOWN,
        )
