"""What can go wrong, by name: the faults of a plan, brought about at their step."""

from collections.abc import Callable
from typing import Final

from choreography.ledger_table import Order
from tests.simulation.broker import SESSION_SECONDS, Committed
from tests.simulation.handlers import HANDLER_FAULTS
from tests.simulation.plan import Fault
from tests.simulation.scene import Scene
from tests.simulation.targets import Directory
from tests.simulation.world import Process

# Windows that are known, and left out so that they do not hide what is not:
# HR deletes an interview that is not wanted any more. A member that sleeps between its claim and its `If-None-Match: *`
# wakes to a calendar in which nothing is there that could refuse it. (The desk cancels, and what it cancels stays.)
DELETES: Final = ("hr", "diary")
# Under `resend` nobody knows whether an earlier attempt has sent a mail; a 4xx to the later one counts as "not sent",
# and where a later event has undone the first one meanwhile, whoever got the mail is not told so.
DOUBTS: Final = ("resend", "post")

BUGS: Final = 40
_TARGET_FAULTS: Final = ("refused", "unheard", "lost", "lost", "slow", "no")


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


def _target(scene: Scene, fault: Fault) -> None:
    """Have the next requests to a target go wrong."""
    mode = _TARGET_FAULTS[int(fault.amount * len(_TARGET_FAULTS))]
    name = _which(scene, fault)
    if mode == "no" and (scene.plan.mail, name) == DOUBTS:
        mode = "refused"
    scene.faults.arm(name, mode, 1 + fault.who // 2)


def _freeze_at_target(scene: Scene, fault: Fault) -> None:
    """Stop the next process that is about to send a request, between its decision and the request."""
    if (scene.plan.service, _which(scene, fault)) != DELETES:
        _arm_soon(scene, fault, "freeze")


def _crash_at_target(scene: Scene, fault: Fault) -> None:
    """Kill the next process whose request has arrived, before the answer comes."""
    _arm_soon(scene, fault, "crash")


def _target_away(scene: Scene, fault: Fault) -> None:
    """Have a target refuse every connection for a while, perhaps for longer than anybody waits."""
    seconds = fault.amount * (900 if fault.amount > 0.9 else 30)
    scene.faults.away[_which(scene, fault)] = scene.world.now + seconds


def _handler(scene: Scene, fault: Fault) -> None:
    """Have the next handlers fail."""
    mode = HANDLER_FAULTS[int(fault.amount * len(HANDLER_FAULTS))]
    scene.faults.arm("handler", mode, 1 + fault.who * 2)


def _bug(scene: Scene, _fault: Fault) -> None:
    """Deploy a version whose handlers always fail, until it puts the brake on or is mended."""
    scene.faults.arm("handler", "broken", BUGS)


def _stubborn(scene: Scene, fault: Fault) -> None:
    """Have handlers ask for another time for longer than a lane waits in memory."""
    scene.faults.arm("handler", "retry", int(30 + fault.amount * 40))


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
    scene.order(Order.RELEASE)


def _drop(scene: Scene, _fault: Fault) -> None:
    """Have a person drop everything that is held."""
    scene.order(Order.DROP)


def _stir(scene: Scene, fault: Fault) -> None:
    """Have somebody else change a group."""
    for target in scene.setting.targets.values():
        if isinstance(target, Directory):
            target.stir(fault.amount)


def _which(scene: Scene, fault: Fault) -> str:
    names = sorted(scene.setting.targets)
    return names[fault.who % len(names)]


def _arm_soon(scene: Scene, fault: Fault, mode: str) -> None:
    for _ in range(int(fault.amount * 3)):
        scene.faults.arm(_which(scene, fault), "")
    scene.faults.arm(_which(scene, fault), mode)


def _whom(scene: Scene, fault: Fault) -> Process | None:
    living = scene.living()
    return living[fault.who % len(living)] if living else None


TROUBLES: Final[dict[str, Callable[[Scene, Fault], None]]] = {
    "crash": _crash,
    "pause": _pause,
    "freeze": _freeze,
    "disk": _disk,
    "lost_commit": _lost_commit,
    "target": _target,
    "freeze_at_target": _freeze_at_target,
    "crash_at_target": _crash_at_target,
    "target_away": _target_away,
    "handler": _handler,
    "bug": _bug,
    "stubborn": _stubborn,
    "rebalance": _rebalance,
    "expel": _expel,
    "stop": _stop,
    "join": _join,
    "producer": _producer,
    "broker": _broker,
    "reset": _reset,
    "release": _release,
    "drop": _drop,
    "stir": _stir,
}
