"""A case as it stands, and the errors of its rules; what may happen to it when is in `moves`."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from producers.ems.zones import end_of
from schemas import ExitEvent
from schemas.exits import Risk


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
        risk: as the resignation named it; repeated once the employee leaves, for readers who missed the resignation.
    """

    case_id: UUID
    employee_id: str
    employment_id: str | None
    version: int
    status: Status
    last_working_day: date | None
    time_zone: str
    risk: Risk = Risk.NORMAL

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self.status in OPEN

    @property
    def departs_at(self) -> datetime | None:
        """When the employee will have left, UTC: the end of the last working day; None while that is not certain."""
        if self.status is not Status.CONFIRMED or self.last_working_day is None:
            return None
        return end_of(self.last_working_day, self.time_zone)

    def has_departed(self, now: datetime) -> bool:
        """Whether the employee leaves and the last working day is over."""
        departs_at = self.departs_at
        return departs_at is not None and departs_at <= now


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
