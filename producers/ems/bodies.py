"""What a request may say, field by field; anything else is refused by name.

`null` means "not given". Values are taken as they are: no number becomes a text, and only `YYYY-MM-DD` is a day. Names
of departments are printable text; what an id may be is in `identifier`.
"""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from producers.ems.identifier import Id
from producers.ems.zones import TimeZone, today
from schemas.exits import (
    Confidentiality,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    ReasonCategory,
    RequestedBy,
    ResignationWithdrawn,
    Risk,
    VoidReason,
    WorkerType,
)

MAX_BODY: Final = 16 * 1024  # bytes
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
# control characters, zero-width characters, and the marks that turn the direction of writing
_SIGNS: Final = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_INVISIBLE: Final = re.compile(f"[{_SIGNS}]")
_READABLE: Final = rf"^[^\s{_SIGNS}]([^{_SIGNS}]*[^\s{_SIGNS}])?$"  # the same, for the documentation


def _readable(text: str) -> str:
    if text != text.strip() or _INVISIBLE.search(text):
        raise ValueError("remove blanks around it, and characters that cannot be seen")
    return text


def _day(said: object) -> object:
    """Read a day; what may be digits of a Unix time, or a moment in some zone, is read as neither."""
    if type(said) is date:
        return said
    if isinstance(said, str) and _DAY.fullmatch(said):
        with suppress(ValueError):
            return date.fromisoformat(said)
    raise ValueError("write a day that the calendar has, as YYYY-MM-DD and nothing else, such as 2026-06-30")


Text = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": _READABLE}), AfterValidator(_readable)
]
# A day beyond is a slip, or a sign for "open" (9999-12-31) that would be taken for a day; null says that.
Day = Annotated[date, BeforeValidator(_day), Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Resignation(_Body):
    """An employee resigns; the fields are those of `EmployeeResigned`."""

    employee_id: Id
    submitted_on: Day | None = None
    employee_number: Id | None = None
    employment_id: Id | None = None
    worker_type: WorkerType | None = None
    manager_id: Id | None = None
    hr_partner_id: Id | None = None
    department: Text | None = None
    cost_center: Text | None = None
    organization: Text | None = None
    division: Text | None = None
    notice_period_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    last_working_day: Day | None = None
    employment_end_date: Day | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    subdivision: Text | None = None
    reason_category: ReasonCategory | None = None
    risk: Risk | None = None
    confidentiality: Confidentiality | None = None
    preferred_language: Text | None = None

    @field_validator("employment_end_date")
    @classmethod
    def _not_before_the_last_working_day(cls, end: date | None, info: ValidationInfo) -> date | None:
        last: date | None = info.data.get("last_working_day")
        if end is not None and last is not None and end < last:
            raise ValueError("the employment cannot end before the last working day")
        return end

    def fact(self, now: datetime, time_zone: str) -> EmployeeResigned:
        """Return the fact, with today's date in the case's time zone unless another was given."""
        given = self.model_dump(exclude={"employee_id"}, exclude_none=True)
        zone = given.setdefault("time_zone", time_zone)
        given.setdefault("submitted_on", today(now, zone))
        return EmployeeResigned.model_validate(given)


class Decision(_Body):
    """It is final whether the employee leaves."""

    outcome: Literal["CONFIRMED", "RETAINED"]
    decided_by_id: Id | None = None
    decided_on: Day | None = None

    def fact(self, now: datetime, time_zone: str) -> ExitConfirmed | EmployeeRetained:
        """Return the fact that states this outcome."""
        kind = ExitConfirmed if self.outcome == "CONFIRMED" else EmployeeRetained
        return kind(decided_on=self.decided_on or today(now, time_zone), decided_by_id=self.decided_by_id)


class Withdrawal(_Body):
    """The resignation is taken back."""

    withdrawn_on: Day | None = None
    requested_by: RequestedBy | None = None

    def fact(self, now: datetime, time_zone: str) -> ResignationWithdrawn:
        """Return the fact."""
        return ResignationWithdrawn(
            withdrawn_on=self.withdrawn_on or today(now, time_zone),
            requested_by=self.requested_by or RequestedBy.UNKNOWN,
        )


class LastWorkingDay(_Body):
    """The last working day moved, or became known; `null`, which has to be said, leaves it open again."""

    last_working_day: Day | None


class Voiding(_Body):
    """The case should not exist: it was entered in error, or twice."""

    reason: Literal["ENTERED_IN_ERROR", "DUPLICATE"]
    duplicate_of: UUID | None = Field(default=None, validate_default=True)

    @field_validator("duplicate_of")
    @classmethod
    def _named_for_a_duplicate_alone(cls, twin: UUID | None, info: ValidationInfo) -> UUID | None:
        reason = info.data.get("reason")
        if twin is None and reason == VoidReason.DUPLICATE:
            raise ValueError("say which case goes on in place of a duplicate")
        if twin is not None and reason == VoidReason.ENTERED_IN_ERROR:
            raise ValueError("only a duplicate has a case that goes on in its place")
        return twin

    def fact(self) -> ExitCaseVoided:
        """Return the fact."""
        return ExitCaseVoided(reason=VoidReason(self.reason), duplicate_of=self.duplicate_of)
