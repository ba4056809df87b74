"""Histories of a group that begins "now": much happened before it existed, and some of its partitions are idle.

Whatever arrives while nobody of the group lives belongs to it, also in a partition in which it has never read anything.
"""

from contextlib import AbstractContextManager
from dataclasses import replace
from random import Random
from typing import Any, Final

from tests.checker.anomaly import Anomaly
from tests.checker.checker import check
from tests.checker.expectations import Begin
from tests.simulation import scene as scenes
from tests.simulation.evidence import history_of
from tests.simulation.plan import Fault, Plan, plan_of
from tests.simulation.replacing import replaced
from tests.simulation.run import _lived
from tests.simulation.scene import Scene
from tests.simulation.setting import Setting
from tests.simulation.settings import setting_of

CALM_SECONDS: Final = 30.0
CALM_STEPS: Final = 30
PARTITIONS: Final = 3  # the two keys of the plans have one each, and one has none


def plan_from_now(seed: int) -> Plan:
    """Draw a plan: half of it happens before the group exists, and the group is away now and then afterwards."""
    chance, drawn = Random(seed), plan_of(seed)
    backlog = len(drawn.submissions) // 2
    later = [
        replace(one, after=(0.0 if number else CALM_SECONDS) + chance.random() * 8)
        for number, one in enumerate(drawn.submissions[backlog:])
    ]
    kinds = ("crash", "stop", "crash")
    faults = tuple(
        Fault(CALM_STEPS + int(chance.random() * 120), chance.choice(kinds), 0, 0.5 + chance.random() / 2)
        for _ in range(chance.choice((1, 2, 3)))
    )
    return replace(
        drawn,
        members=1,
        partitions=PARTITIONS,
        outbox=False,
        backlog=backlog,
        submissions=(*drawn.submissions[:backlog], *later),
        faults=tuple(sorted(faults, key=lambda one: one.step)),
    )


def judged_from_now(plan: Plan) -> list[Anomaly]:
    """Live a history in which the group begins "now", and have the checker name what it sees."""
    with _starting_now():
        scene = Scene(plan)
        try:
            _lived(scene)
            expected = replace(scene.setting.expectations, begins=_begins(scene))
            return check(history_of(scene), expected)
        finally:
            scene.world.bury()


def _starting_now() -> AbstractContextManager[None]:
    def from_now(*given: Any) -> Setting:
        setting = setting_of(*given)
        return replace(setting, service=replace(setting.service, starts="now"))

    return replaced(scenes, "setting_of", from_now)


def _begins(scene: Scene) -> tuple[Begin, ...]:
    """Return where the partitions ended when the group came into being, as the broker knows it."""
    first = min((one.at for one in scene.assignments), default=0.0)
    found = []
    for at in scene.group.partitions:
        log = scene.broker.logs[at]
        before = [offset for offset, step in zip(log.offsets, log.times, strict=True) if step <= first]
        found.append(Begin(scene.service.group, at.topic, at.partition, before[-1] + 1 if before else 0))
    return tuple(found)
