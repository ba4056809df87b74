"""Living a history to its end, or to where nothing moves any more, and having the checker name what it sees."""

from tests.checker.anomaly import Anomaly
from tests.checker.checker import check
from tests.simulation.evidence import history_of
from tests.simulation.plan import Plan
from tests.simulation.run import _lived
from tests.simulation.scene import Scene


def judged(plan: Plan) -> list[Anomaly]:
    """Return what the checker names, also of a history that does not end."""
    scene = Scene(plan)
    try:
        _lived(scene)
        return check(history_of(scene), scene.setting.expectations)
    finally:
        scene.world.bury()
