"""One run: a fresh stack, everything measured on it, one after the other."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import sleep, time_ns
from typing import Final

from benchmarks import company
from benchmarks.alone import targets_alone
from benchmarks.cases import resign
from benchmarks.company import Leaver
from benchmarks.decoding import decoding_ratio
from benchmarks.figures import Figure, at_most, effect_figures, spread_figure
from benchmarks.intake import intake_under_load
from benchmarks.memory import resident_bytes
from benchmarks.round_trip import bare_round_trip
from benchmarks.spread import Spread
from benchmarks.steps import Steps
from benchmarks.targets import EFFECTS, Effect, Targets
from infra.endpoints import Endpoints
from infra.local.stack import Stack

_PATIENCE: Final = 60.0  # seconds until the last effect
_SETTLE: Final = 3.0  # seconds between two measurements, until the machine is quiet again
_GB: Final = 1_000_000_000


@dataclass(frozen=True)
class Plan:
    """What is done.

    Attributes:
        cases: how many resignations are timed.
        rate: how many of them a second.
        warm: how many come first and are not timed.
    """

    cases: int = 200
    rate: float = 20.0
    warm: int = 10


def measure(state_dir: Path, plan: Plan, steps: Steps) -> list[Figure]:
    """Put a stack up in this directory, measure, take it down, and return the figures."""
    steps.begin("decoding, in this process")
    ratio = decoding_ratio()
    stack = Stack(state_dir, given=company.settings())
    steps.begin("starting a stack")
    endpoints = stack.up(steps)
    try:
        figures = [
            *_effects(plan, endpoints, state_dir, steps),
            *_memory(endpoints),
            at_most("bytes → validated model ÷ fastavro + pydantic", ratio, 1.3, "ratio", 2),
            _intake(stack, endpoints, steps),
        ]
    finally:
        steps.begin("ending the stack")
        stack.down(steps)
    return figures


def _effects(plan: Plan, endpoints: Endpoints, state_dir: Path, steps: Steps) -> list[Figure]:
    steps.begin(f"{plan.warm + plan.cases} people join the company")
    leavers = company.hire(plan.warm + plan.cases, endpoints)
    targets = Targets(state_dir / "sandbox", {one.scim_id: one.employee_id for one in leavers})
    sleep(_SETTLE)
    steps.begin("the bare round trip")
    bare = bare_round_trip(endpoints.kafka, 200, 600)
    steps.begin(f"{plan.cases} effects at each target called directly, {plan.rate:g} a second")
    alone = targets_alone(leavers, plan.warm, plan.rate, targets, state_dir)
    sleep(_SETTLE)
    steps.begin(f"{plan.cases} cases, {plan.rate:g} a second")
    accepted, busy, total = _cases(plan, leavers, endpoints, targets)
    return [
        spread_figure("bare produce → poll, nothing else running", bare),
        spread_figure("bare produce → poll, while the cases run", busy),
        spread_figure("request → accepted (202)", accepted),
        *(one for effect in EFFECTS for one in effect_figures(effect, plan.cases, total[effect], alone[effect], bare)),
    ]


def _cases(
    plan: Plan, leavers: Sequence[Leaver], endpoints: Endpoints, targets: Targets
) -> tuple[Spread, Spread, dict[Effect, list[float]]]:
    asyncio.run(resign(leavers[: plan.warm], plan.rate, endpoints))
    sleep(_SETTLE)
    since = time_ns()
    with ThreadPoolExecutor(1) as beside:
        probe = beside.submit(bare_round_trip, endpoints.kafka, plan.rate, round(plan.cases * 0.7))
        accepted = asyncio.run(resign(leavers[plan.warm :], plan.rate, endpoints))
    happened = targets.await_all({one.case_id: one.employee_id for one in accepted}, since, _PATIENCE)
    total = {
        effect: [(at - one.at) / 1e6 for one in accepted if (at := times.get(one.employee_id))]
        for effect, times in happened.items()
    }
    return Spread.of([one.milliseconds for one in accepted]), probe.result(), total


def _memory(endpoints: Endpoints) -> list[Figure]:
    held = resident_bytes(endpoints.pids)
    whole = at_most("memory of all servers and services", sum(held.values()) / _GB, 1.3, "GB", 2)
    each = (Figure(f"  {name}", f"{size / 1e6:.0f} MB", {"MB": size / 1e6}) for name, size in held.items())
    return [whole, *each]


def _intake(stack: Stack, endpoints: Endpoints, steps: Steps) -> Figure:
    steps.begin("the intake, 300 requests a second")
    for name in endpoints.pids:
        if name.startswith("consumers."):
            stack.kill(name)
    times = asyncio.run(intake_under_load(endpoints, 300, 5))
    shown = f"{times.p50:.1f} / {times.p99:.1f} ms"
    values = {"p50_ms": times.p50, "p99_ms": times.p99}
    return Figure("request → accepted (202) at 300/s", shown, values, "p99 ≤ 10 ms", times.p99 <= 10)
