"""What a sender is told about a case, as JSON text."""

import json
from dataclasses import dataclass
from uuid import UUID

from producers.ems.cases import Case


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
    """Say which case a request led to, and where that case stands."""
    return json.dumps({"case_id": str(case.case_id), "case_version": case.version, "status": case.status})


def held(hold_id: UUID) -> str:
    """Say that a resignation waits for a person."""
    return json.dumps({"case_id": None, "case_version": None, "status": "HELD", "hold_id": str(hold_id)})


def refused(hold_id: UUID) -> str:
    """Say that a person refused a resignation that was held."""
    return json.dumps({"case_id": None, "case_version": None, "status": "REFUSED", "hold_id": str(hold_id)})


def shown(case: Case) -> str:
    """Describe a case to someone who asks for it."""
    return json.dumps(
        {
            "case_id": str(case.case_id),
            "case_version": case.version,
            "status": case.status,
            "employee_id": case.employee_id,
            "employment_id": case.employment_id,
            "last_working_day": case.last_working_day.isoformat() if case.last_working_day else None,
            "time_zone": case.time_zone,
        }
    )
