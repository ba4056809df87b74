"""A mass exit: many resign within seconds, and everybody waits for the last effect."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import sleep, time_ns
from typing import Final

from benchmarks import company
from benchmarks.alone import Reaction, targets_alone
from benchmarks.blocks import Block, blocks
from benchmarks.cases import Accepted, resign
from benchmarks.figures import Figure, at_least, plain, spread_figure
from benchmarks.load import SETTLE
from benchmarks.spread import Spread
from benchmarks.steps import Steps
from benchmarks.targets import EFFECTS, Targets
from infra.local.stack import Stack

STEPS: Final = 5
CASES: Final = 1_000
_RATE: Final = 300.0  # a second; what the intake is to bear
_PATIENCE: Final = 900.0  # seconds until the last effect
_BLOCKED: Final = 5_000.0  # milliseconds


def measure_mass(state_dir: Path, steps: Steps) -> list[Figure]:
    """Put a stack up in this directory, let everybody resign, take it down, and return the figures."""
    stack = Stack(state_dir, given=company.settings(state_dir))
    steps.begin("starting a stack")
    endpoints = stack.up(steps)
    try:
        steps.begin(f"{CASES} people join the company")
        leavers = company.hire(CASES, endpoints)
        targets = Targets(state_dir / "sandbox", {one.scim_id: one.employee_id for one in leavers})
        sleep(SETTLE)
        steps.begin(f"{CASES} effects at each target called directly")
        alone = targets_alone(leavers, 0, _RATE, targets, state_dir)
        sleep(SETTLE)
        steps.begin(f"{CASES} resign")
        since = time_ns()
        accepted = asyncio.run(resign(leavers, _RATE, endpoints))
        last = max(one.at for one in accepted)
        happened = targets.await_all({one.case_id: one.employee_id for one in accepted}, since, _PATIENCE)
    finally:
        steps.begin("ending the stack")
        stack.down(steps)  # once what is in flight is done
    proven = blocks(state_dir)
    figures = [plain(f"mass exit of {CASES:,}: all accepted after", (last - since) / 1e9, "s")]
    for effect in EFFECTS:
        times, theirs = happened[effect], alone[effect]
        whole = (max(times.values()) - since) / 1e9
        limit = (max(one.at for one in theirs) - min(one.came for one in theirs)) / 1e9
        figures += [
            plain(f"{effect}: the last one, of {len(times):,}, after", whole, "s"),
            plain(f"  the target alone, {len(theirs):,}", limit, "s"),
            plain("  ÷ the target alone", whole / limit, "ratio"),
        ]
    return [*figures, *_blocked(accepted, proven, alone["access"])]


def _blocked(accepted: Sequence[Accepted], proven: Mapping[str, Block], alone: Sequence[Reaction]) -> Iterator[Figure]:
    """Return how long a block takes until reading back has proved it: by itself, and with the queue before it."""
    pairs = [(one, proven[one.case_id]) for one in accepted if one.case_id in proven]
    yield at_least("blocks proven by reading back", len(pairs), len(accepted), "", digits=0)
    itself = Spread.of([(block.proven - block.begun) / 1e6 for _, block in pairs])
    shown = spread_figure("a block, begun → proven", itself)
    yield Figure(shown.name, shown.shown, shown.values, f"p99 ≤ {_BLOCKED:,.0f} ms", itself.p99 <= _BLOCKED)
    yield spread_figure("  the target alone", Spread.of([(one.done - one.begun) / 1e6 for one in alone]))
    whole = Spread.of([(block.proven - one.at) / 1e6 for one, block in pairs])
    yield spread_figure("accepted → block proven, its queue included", whole)
    yield spread_figure("  the target alone", Spread.of([(one.done - one.came) / 1e6 for one in alone]))
