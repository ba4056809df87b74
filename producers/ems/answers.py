"""What a sender is told about a case, as JSON text."""

import json

from producers.ems.cases import Case


def accepted(case: Case) -> str:
    """Say which case a request led to, and where that case stands."""
    return json.dumps({"case_id": str(case.case_id), "case_version": case.version, "status": case.status})


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
