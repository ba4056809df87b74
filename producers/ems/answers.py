"""What a sender is told about a case."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from producers.ems.case import Case, Status


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Accepted(_Answer):
    """Which case a request led to, and where that case stands."""

    case_id: UUID
    case_version: int = Field(ge=1, description="The number of facts stated about the case so far.")
    status: Status

    @classmethod
    def of(cls, case: Case) -> Self:
        """Say it of this case."""
        return cls(case_id=case.case_id, case_version=case.version, status=case.status)


class Waiting(_Answer):
    """A resignation that a person has to let through, because too many came at once; or that a person refused."""

    case_id: None = None
    case_version: None = None
    status: Literal["HELD", "REFUSED"]
    hold_id: UUID


class Shown(Accepted):
    """A case, described to someone who asks for it."""

    employee_id: str
    employment_id: str | None
    last_working_day: date | None
    time_zone: str

    @classmethod
    def of(cls, case: Case) -> Self:
        """Say it of this case."""
        return cls(
            case_id=case.case_id,
            case_version=case.version,
            status=case.status,
            employee_id=case.employee_id,
            employment_id=case.employment_id,
            last_working_day=case.last_working_day,
            time_zone=case.time_zone,
        )


class VendorAnswer(_Answer):
    """What became of each thing that a vendor's webhook said; what is ignored need not be sent again."""

    taken: list[Accepted | Waiting] = Field(
        description="The cases that were opened or held, now or by the same webhook before."
    )
    ignored: list[str] = Field(description="Why the rest is no resignation that EMS takes, sentence by sentence.")


@dataclass(frozen=True)
class Answer:
    """What the sender of an accepted request is told.

    Attributes:
        text: JSON.
        is_repeat: whether the same request got it before, and nothing was done now.
    """

    text: str
    is_repeat: bool = False


def accepted(case: Case) -> str:
    """Say which case a request led to, and where that case stands, as JSON text."""
    return Accepted.of(case).model_dump_json()


def held(hold_id: UUID) -> str:
    """Say that a resignation waits for a person, as JSON text."""
    return Waiting(status="HELD", hold_id=hold_id).model_dump_json()


def refused(hold_id: UUID) -> str:
    """Say that a person refused a resignation that was held, as JSON text."""
    return Waiting(status="REFUSED", hold_id=hold_id).model_dump_json()
