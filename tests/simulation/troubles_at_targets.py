"""What can go wrong at targets, and in the handlers that use them, by name."""

from collections.abc import Callable
from typing import Final

from tests.simulation.directory import Directory
from tests.simulation.fault import Fault
from tests.simulation.handlers import HANDLER_FAULTS
from tests.simulation.scene import Scene
from tests.simulation.served_directory import ServedDirectory

# A window that is known, and left out so that it does not hide what is not:
# Under `resend` nobody knows whether an earlier attempt has sent a mail; a 4xx to the later one counts as "not sent",
# and where a later event has undone the first one meanwhile, whoever got the mail is not told so.
DOUBTS: Final = ("resend", "post")

BUGS: Final = 40
_TARGET_FAULTS: Final = ("refused", "unheard", "lost", "lost", "slow", "no")


def _target(scene: Scene, fault: Fault) -> None:
    """Have the next requests to a target go wrong."""
    mode = _TARGET_FAULTS[int(fault.amount * len(_TARGET_FAULTS))]
    name = _which(scene, fault)
    if mode == "no" and (scene.plan.mail, name) == DOUBTS:
        mode = "refused"
    scene.faults.arm(name, mode, 1 + fault.who // 2)


def _freeze_at_target(scene: Scene, fault: Fault) -> None:
    """Stop the next process that is about to send a request, between its decision and the request."""
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


def _stir(scene: Scene, fault: Fault) -> None:
    """Have somebody else change a group."""
    for target in scene.setting.targets.values():
        if isinstance(target, Directory | ServedDirectory):
            target.stir(fault.amount)


def _which(scene: Scene, fault: Fault) -> str:
    names = sorted(scene.setting.targets)
    return names[fault.who % len(names)]


def _arm_soon(scene: Scene, fault: Fault, mode: str) -> None:
    for _ in range(int(fault.amount * 3)):
        scene.faults.arm(_which(scene, fault), "")
    scene.faults.arm(_which(scene, fault), mode)


AT_TARGETS: Final[dict[str, Callable[[Scene, Fault], None]]] = {
    "target": _target,
    "freeze_at_target": _freeze_at_target,
    "crash_at_target": _crash_at_target,
    "target_away": _target_away,
    "handler": _handler,
    "bug": _bug,
    "stubborn": _stubborn,
    "stir": _stir,
}
