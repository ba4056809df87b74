"""What a person, or a program, is told about a request that was accepted."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from infra.cli.shown import shown

if TYPE_CHECKING:
    from infra.intake_client import Accepted

_NEXT = {
    "SUBMITTED": "Watch it: ems case {id}\nThen:     ems decide {id} --outcome confirmed|retained",
    "CONFIRMED": "If the last working day moves: ems move {id} --to YYYY-MM-DD\n"
    "If both sides agree that the employee stays after all: ems withdraw {id}",
}


def tell(accepted: "Accepted", output: str) -> None:
    """Print it, and what comes next."""
    if output == "json":
        print(json.dumps(asdict(accepted), default=str))
        return
    print(f"Case {accepted.case_id} is {shown(accepted.status)} (version {accepted.case_version}).")
    if accepted.status in _NEXT:
        print(_NEXT[accepted.status].format(id=accepted.case_id))
