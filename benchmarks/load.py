"""One load: the targets called directly, then the cases through the whole system, at the same rate."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep, time_ns
from typing import Final

from benchmarks.alone import targets_alone
from benchmarks.cases import resign
from benchmarks.company import Leaver
from benchmarks.figures import Figure, busy_figure, effect_figures, spread_figure
from benchmarks.processors import Watch
from benchmarks.spread import Spread
from benchmarks.targets import EFFECTS, Effect, Targets
from infra.endpoints import Endpoints

WARM: Final = 10  # cases that come first and are not timed
_PATIENCE: Final = 60.0  # seconds until the last effect
SETTLE: Final = 3.0  # seconds between two measurements, until the machine is quiet again


@dataclass(frozen=True)
class Load:
    """How many resignations are timed, and how many of them begin in a second."""

    cases: int
    rate: float

    @property
    def people(self) -> int:
        """How many people it takes."""
        return self.cases + WARM

    def __str__(self) -> str:
        return f"{self.rate:g}/s"


@dataclass(frozen=True)
class Ground:
    """What loads are measured on.

    Attributes:
        endpoints: of the stack.
        state_dir: of the stack.
        bare: the round trip that the choreography's own share is compared with.
    """

    endpoints: Endpoints
    state_dir: Path
    bare: Spread


def measure_load(load: Load, leavers: Sequence[Leaver], on: Ground, say: Callable[[str], None]) -> list[Figure]:
    """Let these people resign, at their targets alone and in the whole system; the figures bear the load's name."""
    endpoints = on.endpoints
    targets = Targets(on.state_dir / "sandbox", {one.scim_id: one.employee_id for one in leavers})
    say(f"{load.cases} effects at each target called directly, {load}")
    reactions = targets_alone(leavers, WARM, load.rate, targets, on.state_dir)
    alone = {effect: [one.milliseconds for one in theirs] for effect, theirs in reactions.items()}
    sleep(SETTLE)
    say(f"{load.cases} cases, {load}")
    asyncio.run(resign(leavers[:WARM], load.rate, endpoints))
    sleep(SETTLE)
    since, watch = time_ns(), Watch(endpoints.pids.values())
    accepted = asyncio.run(resign(leavers[WARM:], load.rate, endpoints))
    busy = watch.busy()
    happened = targets.await_all({one.case_id: one.employee_id for one in accepted}, since, _PATIENCE)
    total: dict[Effect, list[float]] = {
        effect: [(at - one.at) / 1e6 for one in accepted if (at := times.get(one.employee_id))]
        for effect, times in happened.items()
    }
    return [
        busy_figure(f"processors at {load}", busy),
        spread_figure(f"request → accepted (202) at {load}", Spread.of([one.milliseconds for one in accepted])),
        *(
            figure
            for effect in EFFECTS
            for figure in effect_figures(f"{effect} at {load}", load.cases, total[effect], alone[effect], on.bare)
        ),
    ]
