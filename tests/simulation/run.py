"""Living one history: faults, then calm, then everything has to end; then the checker."""

from dataclasses import dataclass
from functools import partial
from traceback import extract_tb
from typing import Final

from tests.checker.anomaly import Anomaly
from tests.checker.checker import check
from tests.simulation.ending import calm, is_finished, settle_held, unfinished
from tests.simulation.evidence import history_of
from tests.simulation.plan import Plan
from tests.simulation.scene import Scene
from tests.simulation.troubles import bring_about
from tests.simulation.undone import held_though_undone

STEPS: Final = 60_000
TROUBLED_SECONDS: Final = 1800.0
SECONDS: Final = 4 * 3600.0
ROUNDS: Final = 20


@dataclass(frozen=True)
class Outcome:
    """What became of a history."""

    plan: Plan
    anomalies: tuple[str, ...]
    steps: int
    seconds: float
    lines: tuple[str, ...] = ()


def live(plan: Plan, *, trace: bool = False) -> Outcome:
    """Live a history and judge it."""
    scene = Scene(plan)
    lines: list[str] = []
    if trace:
        scene.world.trace = lines.append
    try:
        anomalies = _judged(scene)
        return Outcome(plan, tuple(anomalies), scene.world.steps, scene.world.now, tuple(lines))
    finally:
        scene.world.bury()


def _judged(scene: Scene) -> list[str]:
    try:
        anomalies = [*_lived(scene), *scene.world.anomalies]
    except Exception as error:  # noqa: BLE001 - the history shows it
        cause = error.__cause__ or error
        where = extract_tb(cause.__traceback__)[-1]
        return [f"crashed: {error!r} {cause!r} at {where.filename}:{where.lineno}"]
    return anomalies or [_said(one) for one in check(history_of(scene), scene.setting.expectations)]


def _lived(scene: Scene) -> list[str]:
    world = scene.world
    for fault in scene.plan.faults:
        world.at_step.setdefault(max(1, fault.step), []).append(partial(bring_about, scene, fault))
    world.run(partial(is_finished, scene), steps=STEPS, seconds=TROUBLED_SECONDS)
    calm(scene)
    for _ in range(ROUNDS):
        if not world.run(partial(is_finished, scene), steps=STEPS, seconds=SECONDS):
            break
        if found := held_though_undone(scene):
            return found
        if not settle_held(scene):
            return []
    return unfinished(scene) or ["not ended: something is held again and again"]


def _said(one: Anomaly) -> str:
    return f"{one.name}: {one.says} {' | '.join(map(str, one.witness))}"
