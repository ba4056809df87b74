"""What goes wrong in a history, and when: drawn by chance, or in scenes that are rare by chance and worth seeing."""

from dataclasses import dataclass
from random import Random
from typing import Final

STEPS_BEFORE: Final = 60
STEPS_PER_EVENT: Final = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at a step of the scheduler.

    Attributes:
        kind: what, see `tests.simulation.troubles`.
        who: whom it hits, counted around.
        amount: between 0 and 1: how long, how much, which.
    """

    step: int
    kind: str
    who: int = 0
    amount: float = 0.5


FAULTS: Final[dict[str, int]] = {
    "crash": 7,
    "pause": 2,
    "freeze": 3,
    "disk": 1,
    "lost_commit": 1,
    "target": 6,
    "target_away": 1,
    "handler": 5,
    "bug": 1,
    "stubborn": 1,
    "rebalance": 2,
    "expel": 2,
    "stop": 1,
    "join": 1,
    "producer": 2,
    "broker": 1,
    "reset": 1,
    "release": 1,
    "drop": 1,
    "stir": 1,
}
# What is rare by chance and worth seeing: (steps after the one before, fault).
SCENES: Final[tuple[tuple[tuple[int, str], ...], ...]] = (
    ((0, "freeze_at_target"),),
    ((0, "freeze_at_target"), (80, "crash")),
    ((0, "join"), (60, "freeze_at_target")),
    ((0, "join"), (60, "freeze_at_target"), (90, "expel")),
    ((0, "crash_at_target"),),
    ((0, "crash_at_target"), (60, "crash_at_target")),
    ((0, "handler"), (60, "release"), (25, "crash")),
    ((0, "handler"), (40, "crash"), (60, "release"), (25, "crash")),
    ((0, "handler"), (60, "crash"), (0, "target")),
    ((0, "handler"), (50, "expel"), (50, "release")),
    ((0, "target"), (20, "expel"), (20, "target")),
    ((0, "lost_commit"), (10, "crash")),
    ((0, "producer"), (10, "crash"), (5, "crash")),
    ((100, "reset"), (60, "crash")),
)
_KINDS: Final = tuple(FAULTS)
_WEIGHTS: Final = tuple(FAULTS.values())


def draw_faults(chance: Random, events: int, *, are_many: bool) -> tuple[Fault, ...]:
    """Draw what goes wrong.

    Args:
        chance: where it comes from.
        events: how many there are; the more, the longer things can go wrong.
        are_many: many people have cases, so that a bug of the service's own can be told from one of their events'.
    """
    steps = STEPS_BEFORE + STEPS_PER_EVENT * events
    number = chance.choice((0, 0, 1, 1, 2, 2, 3, 5))
    drawn = [_fault(chance, int(chance.random() * steps), kind) for kind in chance.choices(_KINDS, _WEIGHTS, k=number)]
    for _ in range(chance.choice((0, 1, 1, 2))):
        at = int(chance.random() * steps)
        for later, kind in chance.choice(SCENES):
            at += int(chance.random() * later)
            drawn.append(_fault(chance, at, kind))
    if are_many and chance.random() < 0.5:
        drawn.append(_fault(chance, int(chance.random() * STEPS_BEFORE), "bug"))
    return tuple(sorted(drawn, key=lambda fault: fault.step))


def _fault(chance: Random, step: int, kind: str) -> Fault:
    return Fault(step, kind, chance.randrange(4), chance.random())
