"""Row `file`: a file of resignations, handed in by `ems resign --file`, to an EMS that publishes them meanwhile."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import uuid4

import httpx2
from standardwebhooks import Webhook

from benchmarks import company
from benchmarks.figures import Figure, at_least, plain
from benchmarks.steps import Steps
from infra.endpoints import STATE_DIR, Endpoints
from infra.errors import InfraError
from infra.intake_client import signed
from infra.local.stack import Stack

STEPS: Final = 5
LINES: Final = 10_000
_ALONE: Final = 2_000  # lines, each in a request of its own
_AT_ONCE: Final = 16
_ACCEPTED: Final = 202
_WANTED: Final = 1_000.0  # lines a second


def measure_file(state_dir: Path, steps: Steps) -> list[Figure]:
    """Put a stack up in this directory, hand a file in, and again; return the figures.

    Raises:
        InfraError: a line was not accepted.
    """
    stack = Stack(state_dir, given=company.settings(state_dir))
    steps.begin("starting a stack")
    endpoints = stack.up(steps)
    try:
        for name in endpoints.pids:
            if name.startswith("consumers."):
                stack.kill(name)
        steps.begin(f"{_ALONE} resignations, each in a request of its own")
        alone = asyncio.run(_one_by_one(endpoints))
        steps.begin(f"a file of {LINES} lines")
        file = _file(state_dir)
        first = _handed_in(file, state_dir)
        steps.begin("the same file again")
        again = _handed_in(file, state_dir)
    finally:
        steps.begin("ending the stack")
        stack.down(steps)
    return [
        plain(f"one request a line, {_AT_ONCE} at once", _ALONE / alone, "/s", 0),
        at_least(f"ems resign --file of {LINES:,} lines, with its start", LINES / first, _WANTED, "/s", 0),
        plain("  ÷ one request a line", LINES / first * alone / _ALONE, "ratio"),
        plain("  the same file again", LINES / again, "/s", 0),
    ]


def _file(folder: Path) -> Path:
    file = folder / "leavers.csv"
    run = uuid4().hex[:8]
    lines = (f"F-{run}-{number},2027-01-31,DE,NORMAL" for number in range(LINES))
    file.write_text("\n".join(("employee_id,last_working_day,country,risk", *lines)), encoding="utf-8")
    return file


def _handed_in(file: Path, state_dir: Path) -> float:
    """Return the seconds from the start of the command to its end."""
    command = [sys.executable, "-m", "infra.cli.main", "resign", "--file", str(file), "--output", "json"]
    begun = perf_counter()
    done = subprocess.run(
        command, env=os.environ | {STATE_DIR: str(state_dir)}, capture_output=True, text=True, check=False
    )
    seconds = perf_counter() - begun
    if done.returncode != 0:
        raise InfraError(f"The file was not handed in: {done.stderr[-500:]}")
    return seconds


async def _one_by_one(endpoints: Endpoints) -> float:
    webhook, numbers = Webhook(endpoints.webhook_secret), iter(range(_ALONE))
    async with httpx2.AsyncClient(base_url=endpoints.intake, trust_env=False) as http:

        async def send_all() -> None:
            for _ in numbers:
                body = json.dumps({"employee_id": f"A-{uuid4()}", "last_working_day": "2027-01-31", "country": "DE"})
                answer = await http.post("/v1/resignations", content=body, headers=signed(webhook, body))
                if answer.status_code != _ACCEPTED:
                    raise InfraError(f"A resignation was answered {answer.status_code}.")

        begun = perf_counter()
        await asyncio.gather(*(send_all() for _ in range(_AT_ONCE)))
        return perf_counter() - begun
