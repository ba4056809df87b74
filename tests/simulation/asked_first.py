"""Histories in which the ledger is asked about every batch before it is handed on, as it is about large ones.

The batches of a simulated history are small; without this nobody would see what a replay of a large one does:
`python -m tests.simulation.asked_first [HISTORIES]`.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from random import Random
from typing import Any, Final

from choreography.consume.admission import Admission
from tests.checker.anomaly import Anomaly
from tests.simulation.judging import judged
from tests.simulation.plan import Fault, Plan, plan_of
from tests.simulation.replacing import replaced
from tests.simulation.runner import be_silent, fix_the_order_of_sets

EARLY: Final = 400
HISTORIES: Final = 100


def plan_with_resets(seed: int) -> Plan:
    """Draw a plan in which offsets are set back, so that much is delivered again."""
    chance, drawn = Random(seed), plan_of(seed)
    resets = [Fault(int(chance.random() * EARLY), "reset", 0, chance.random()) for _ in range(chance.choice((1, 2)))]
    return replace(drawn, faults=tuple(sorted((*drawn.faults, *resets), key=lambda fault: fault.step)))


def judged_asking_first(plan: Plan) -> list[Anomaly]:
    """Live a history in which no batch is too small to ask about, and have the checker name what it sees."""
    with replaced(Admission, "__init__", _asking_always(Admission.__init__)):
        return judged(plan)


def _asking_always(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def begin(self: Admission, *given: Any, **named: Any) -> None:
        original(self, *given, **{**named, "large": 1})

    return begin


def main(arguments: Sequence[str]) -> int:
    """Live histories and print what the checker names in them."""
    found = 0
    for seed in range(int(arguments[0]) if arguments else HISTORIES):
        for one in judged_asking_first(plan_with_resets(seed)):
            found += 1
            sys.stdout.write(f"Seed {seed}: {one.name}: {one.says}\n")
    return 1 if found else 0


if __name__ == "__main__":
    fix_the_order_of_sets()
    be_silent()
    sys.exit(main(sys.argv[1:]))
