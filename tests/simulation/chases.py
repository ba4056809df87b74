"""Plans that bring about more often what is rare elsewhere: each is drawn from its seed, and then driven one way.

`python -m tests.simulation.chases [HISTORIES]` lives them without any planted bug, and names what must not be.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from tests.simulation.judging import judged
from tests.simulation.plan import Fault, Plan, Submission, plan_of
from tests.simulation.runner import be_silent, fix_the_order_of_sets

HISTORIES: Final = 200
EARLY: Final = 250
HANDLING: Final = 95  # steps until an event of two members that have just joined is handled
LONG: Final = 40  # steps that it takes
UNDOING: Final = {
    "desk": ("CaseOpened", "CaseClosed"),
    "access": ("EmployeeResigned", "EmployeeRetained"),
    "hr": ("EmployeeResigned", "EmployeeRetained"),
}


def with_outbox(seed: int) -> Plan:
    """Have events leave through an outbox and two relays."""
    return replace(plan_of(seed), outbox=True)


def with_zombies(seed: int) -> Plan:
    """Freeze and expel members in the middle of cases that are undone; a request may be on its way for long."""
    chance = Random(seed)
    kinds = ("freeze", "freeze", "expel", "crash", "rebalance")
    faults = [_fault(chance, chance.choice(kinds)) for _ in range(chance.choice((2, 3, 4)))]
    plan = _undone(seed, chance, "access", chance.choice((0.0, 4.0)))
    return replace(plan, members=2, travels=12.0, faults=_in_order(faults))


def with_sleepers(seed: int) -> Plan:
    """Freeze one of two members in the middle of a case that is undone while it sleeps."""
    chance = Random(seed)
    freeze = Fault(HANDLING + int(chance.random() * LONG), "freeze", chance.randrange(2), chance.random() / 4)
    (opened, undone) = UNDOING["access"]
    submissions = (Submission(2.0, 0, 0, opened, 1), Submission(1.0 + chance.random() * 4, 0, 0, undone, 2))
    plan = replace(plan_of(seed), service="access", submissions=submissions, backlog=0, outbox=False, gaps=0.0)
    return replace(plan, members=2, travels=0.0, partitions=1, faults=(freeze,))


def with_late_requests(seed: int) -> Plan:
    """Have requests to a diary sent late, or long on their way, while what they ask for is undone."""
    chance = Random(seed)
    kinds = ("freeze_at_target", "freeze_at_target", "freeze", "expel", "crash", "rebalance")
    faults = [_fault(chance, chance.choice(kinds)) for _ in range(chance.choice((2, 3, 4)))]
    plan = _undone(seed, chance, chance.choice(("hr", "desk")), chance.choice((0.0, 4.0)))
    return replace(plan, members=2, travels=12.0, faults=_in_order(faults))


def with_doubt(seed: int) -> Plan:
    """Lose the answers of targets in the middle of cases that are undone."""
    chance = Random(seed)
    faults = [_fault(chance, "target", amount=0.4 + chance.random() / 5) for _ in range(chance.choice((1, 2, 3)))]
    faults += [_fault(chance, "crash") for _ in range(chance.choice((0, 1)))]
    return replace(_undone(seed, chance, "desk", 4.0), faults=_in_order(faults))


def with_moves(seed: int) -> Plan:
    """Have the last working day move, again and again, while members crash, sleep and answers are lost."""
    chance = Random(seed)
    kinds = ("freeze_at_target", "freeze", "expel", "crash", "crash", "rebalance", "target")
    faults = [_fault(chance, chance.choice(kinds)) for _ in range(chance.choice((2, 3, 4)))]
    end = chance.choice(((), ("EmployeeRetained",), ("ResignationWithdrawn",)))
    lives = ("EmployeeResigned", *("LastWorkingDayChanged",) * chance.choice((1, 2, 3)), *end)
    submissions = tuple(Submission(chance.random() * 4, 0, 0, kind, version) for version, kind in enumerate(lives, 1))
    plan = replace(plan_of(seed), service="hr", submissions=submissions, backlog=0, outbox=False)
    return replace(plan, members=2, travels=chance.choice((0.0, 12.0)), faults=_in_order(faults))


def with_holds(seed: int) -> Plan:
    """Have events held, released, and the service crash meanwhile."""
    chance = Random(seed)
    faults = [
        Fault(0, "handler", chance.randrange(2), 0.1 + chance.random() / 10),
        *(_fault(chance, kind) for kind in ("handler", "release", "crash", "crash")),
    ]
    return replace(plan_of(seed), faults=_in_order(faults))


def _undone(seed: int, chance: Random, service: str, spread: float) -> Plan:
    """Draw cases that are opened and undone soon."""
    submissions = []
    for story in range(chance.choice((1, 2))):
        for version, kind in enumerate(UNDOING[service], 1):
            submissions.append(Submission(chance.random() * spread, story, story, kind, version))
    return replace(plan_of(seed), service=service, submissions=tuple(submissions), backlog=0, outbox=False)


def _fault(chance: Random, kind: str, amount: float | None = None) -> Fault:
    step = int(chance.random() * EARLY)
    return Fault(step, kind, chance.randrange(4), chance.random() if amount is None else amount)


def _in_order(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.step))


def main(arguments: Sequence[str]) -> int:
    """Live histories of each kind and print what the checker names in them."""
    found, most = 0, int(arguments[0]) if arguments else HISTORIES
    for plans in CHASES:
        for seed in range(most):
            for one in judged(plans(seed)):
                found += 1
                sys.stdout.write(f"{plans.__name__}({seed}): {one.name}: {one.says}\n")
        sys.stdout.write(f"{plans.__name__}: {most} histories\n")
        sys.stdout.flush()
    return 1 if found else 0


CHASES: Final[tuple[Callable[[int], Plan], ...]] = (
    *(with_outbox, with_zombies, with_sleepers),
    *(with_late_requests, with_moves, with_doubt, with_holds),
)

if __name__ == "__main__":
    fix_the_order_of_sets()
    be_silent()
    sys.exit(main(sys.argv[1:]))
