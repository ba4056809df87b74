"""Resignations through the intake at a fixed rate: from each answer (202) to each effect at its target."""

import asyncio
from collections.abc import Sequence
from time import time_ns
from typing import NamedTuple

from benchmarks.company import Leaver
from benchmarks.pace import paced
from infra.endpoints import Endpoints
from infra.intake_client import IntakeClient


class Accepted(NamedTuple):
    """A case that the intake took: when its answer had arrived (nanoseconds since 1970), and after how long."""

    case_id: str
    employee_id: str
    at: int
    milliseconds: float


async def resign(leavers: Sequence[Leaver], rate: float, endpoints: Endpoints) -> list[Accepted]:
    """Submit one resignation each, at `rate` a second."""
    with IntakeClient(endpoints.intake, endpoints.webhook_secret) as intake:

        def submit(leaver: Leaver) -> Accepted:
            begun = time_ns()
            case = intake.resign(leaver.fields)
            at = time_ns()
            return Accepted(str(case.case_id), leaver.employee_id, at, (at - begun) / 1e6)

        return await paced(rate, lambda leaver: asyncio.to_thread(submit, leaver), leavers)
