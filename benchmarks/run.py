"""The whole system: a fresh stack, everything measured on it, one after the other."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import sleep
from typing import Final

from benchmarks import company
from benchmarks.figures import Figure, at_most, spread_figure
from benchmarks.intake import intake_under_load
from benchmarks.load import SETTLE, Ground, Load, measure_load
from benchmarks.memory import resident_bytes
from benchmarks.round_trip import bare_round_trip
from benchmarks.steps import Steps
from infra.endpoints import Endpoints
from infra.local.stack import Stack

_GB: Final = 1_000_000_000
_INTAKE_RATE: Final = 300.0
_INTAKE_SECONDS: Final = 5.0
_INTAKE_LIMIT: Final = 10.0  # milliseconds


def measure_system(state_dir: Path, loads: Sequence[Load], steps: Steps) -> list[Figure]:
    """Put a stack up in this directory, measure, take it down, and return the figures."""
    stack = Stack(state_dir, given=company.settings(state_dir))
    steps.begin("starting a stack")
    endpoints = stack.up(steps)
    try:
        return [
            *_effects(loads, endpoints, state_dir, steps),
            *_memory(endpoints),
            _intake(stack, endpoints, steps),
        ]
    finally:
        steps.begin("ending the stack")
        stack.down(steps)


def _effects(loads: Sequence[Load], endpoints: Endpoints, state_dir: Path, steps: Steps) -> list[Figure]:
    number = sum(load.people for load in loads)
    steps.begin(f"{number} people join the company")
    leavers = company.hire(number, endpoints)
    sleep(SETTLE)
    steps.begin("the bare round trip")
    bare = bare_round_trip(endpoints.kafka, rate=200, rounds=600)
    ground = Ground(endpoints, state_dir, bare)
    figures = [spread_figure("bare produce → poll", bare)]
    for load in loads:
        theirs, leavers = leavers[: load.people], leavers[load.people :]
        figures += measure_load(load, theirs, ground, steps.begin)
        sleep(SETTLE)
    return figures


def _memory(endpoints: Endpoints) -> list[Figure]:
    held = resident_bytes(endpoints.pids)
    whole = at_most("memory of all servers and services", sum(held.values()) / _GB, 1.3, "GB", 2)
    each = (Figure(f"  {name}", f"{size / 1e6:.0f} MB", {"MB": size / 1e6}) for name, size in held.items())
    return [whole, *each]


def _intake(stack: Stack, endpoints: Endpoints, steps: Steps) -> Figure:
    steps.begin(f"the intake, {_INTAKE_RATE:g}/s")
    for name in endpoints.pids:
        if name.startswith("consumers."):
            stack.kill(name)
    times = asyncio.run(intake_under_load(endpoints.intake, endpoints.webhook_secret, _INTAKE_RATE, _INTAKE_SECONDS))
    shown = spread_figure(f"request → accepted (202) at {_INTAKE_RATE:g}/s, alone", times)
    return Figure(shown.name, shown.shown, shown.values, f"p99 ≤ {_INTAKE_LIMIT:g} ms", times.p99 <= _INTAKE_LIMIT)
