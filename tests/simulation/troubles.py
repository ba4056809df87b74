"""What can go wrong, by name: the faults of a plan, brought about at their step."""

from collections.abc import Callable
from typing import Final

from choreography.ledger.table import Order
from tests.simulation.group import SESSION_SECONDS, Committed
from tests.simulation.orders import order
from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.scene import Scene
from tests.simulation.troubles_at_targets import AT_TARGETS


def bring_about(scene: Scene, fault: Fault) -> None:
    """Let it happen."""
    TROUBLES[fault.kind](scene, fault)


def _crash(scene: Scene, fault: Fault) -> None:
    """Kill a process; somebody starts it again a little later."""
    process = _whom(scene, fault)
    if process is None:
        return
    scene.act("fault", f"kill -9 of {process.name}")
    process.kill()
    scene.start_again(process, fault.amount**2 * 12)


def _pause(scene: Scene, fault: Fault) -> None:
    """Stop a process for a moment."""
    if process := _whom(scene, fault):
        process.pause(fault.amount * 3)


def _freeze(scene: Scene, fault: Fault) -> None:
    """Stop a process for longer than its session lasts: it wakes as a zombie."""
    if process := _whom(scene, fault):
        scene.act("fault", f"SIGSTOP of {process.name}")
        process.pause(SESSION_SECONDS + 0.5 + fault.amount * 20)


def _disk(scene: Scene, fault: Fault) -> None:
    """Fill the service's disk for a while."""
    scene.act("fault", "disk full")
    scene.disk.broken_until = scene.world.now + fault.amount * 8


def _lost_commit(scene: Scene, fault: Fault) -> None:
    """Commit, and lose the answer."""
    scene.disk.lost_answers += 1 + fault.who % 2


def _rebalance(scene: Scene, _fault: Fault) -> None:
    """Have the group decide anew who owns what."""
    scene.group.rebalance()


def _expel(scene: Scene, _fault: Fault) -> None:
    """Have the broker give up a healthy member."""
    scene.group.expel_someone()


def _stop(scene: Scene, fault: Fault) -> None:
    """Have a member leave in good order, and another one start."""
    living = [one for one in scene.members if one.process.alive]
    if living:
        living[fault.who % len(living)].stop()
        scene.world.after(fault.amount * 10, scene.start_member)


def _join(scene: Scene, _fault: Fault) -> None:
    """Start one more member."""
    scene.start_member()


def _producer(scene: Scene, fault: Fault) -> None:
    """Lose an acknowledgement, or the record."""
    scene.faults.arm("producer", "lost" if fault.amount < 0.7 else "refused", 1 + fault.who)


def _broker(scene: Scene, fault: Fault) -> None:
    """Have the broker be away."""
    scene.broker.go_away(fault.amount * 20)


def _reset(scene: Scene, fault: Fault) -> None:
    """End all members and set the group's offsets back, as an operator does at the console."""
    for one in scene.members:
        one.process.kill()
    scene.world.after(SESSION_SECONDS + 1, lambda: _set_back(scene, fault.amount))


def _set_back(scene: Scene, amount: float) -> None:
    if scene.group.is_empty:
        for at in scene.group.partitions:
            if at in scene.group.committed:
                offset = int(scene.group.committed[at].offset * (amount if amount > 0.3 else 0))
                scene.group.committed[at] = Committed(offset, "")
                scene.act("reset", topic=at.topic, partition=at.partition, offset=offset)
    scene.start_member()


def _release(scene: Scene, _fault: Fault) -> None:
    """Have a person release everything that is held."""
    order(scene, Order.RELEASE)


def _drop(scene: Scene, _fault: Fault) -> None:
    """Have a person drop everything that is held."""
    order(scene, Order.DROP)


def _whom(scene: Scene, fault: Fault) -> Process | None:
    living = scene.living()
    return living[fault.who % len(living)] if living else None


TROUBLES: Final[dict[str, Callable[[Scene, Fault], None]]] = {
    **AT_TARGETS,
    "crash": _crash,
    "pause": _pause,
    "freeze": _freeze,
    "disk": _disk,
    "lost_commit": _lost_commit,
    "rebalance": _rebalance,
    "expel": _expel,
    "stop": _stop,
    "join": _join,
    "producer": _producer,
    "broker": _broker,
    "reset": _reset,
    "release": _release,
    "drop": _drop,
}
