"""Histories that showed something that must not be, kept as they were drawn, with what it was.

A seed means another history once the way in which plans are drawn changes; these stay what they are.
"""

from typing import Final

from tests.simulation.plan import Fault, Plan, Submission

KEPT: Final[dict[str, Plan]] = {
    "a member that wakes and gets its partition back stores a position of the earlier assignment": Plan(
        seed=357,
        submissions=(
            Submission(0.0, 0, 0, "CaseOpened", 1),
            Submission(0.8742795389913852, 0, 0, "CaseClosed", 2, twice=True),
            Submission(1.1353256042470883, 1, 0, "CaseOpened", 1),
            Submission(0.0, 1, 0, "CaseMoved", 2),
        ),
        gaps=0.0,
        faults=(
            Fault(40, "crash", 2, 0.6910469610551101),
            Fault(83, "join", 3, 0.4676412747211255),
            Fault(132, "freeze_at_target", 0, 0.6513132260079793),
            Fault(156, "crash", 1, 0.22125559477020862),
            Fault(232, "rebalance", 1, 0.12952802497247595),
        ),
    ),
    "a member that sleeps between its claim and its request puts an entry again that was cancelled meanwhile": Plan(
        seed=138,
        submissions=(
            Submission(0.0, 1, 0, "CaseOpened", 1),
            Submission(0.0, 0, 1, "CaseOpened", 1),
            Submission(2.7875384994680834, 0, 1, "CaseClosed", 2),
            Submission(1.967329010119454, 1, 0, "CaseClosed", 2),
            Submission(0.0, 2, 1, "CaseOpened", 1),
            Submission(0.0, 2, 1, "CaseClosed", 2),
        ),
        gaps=0.3,
        outbox=True,
        travels=5.0,
        faults=(
            Fault(64, "join", 2, 0.3509703150575889),
            Fault(101, "freeze_at_target", 2, 0.06782833174202008),
            Fault(125, "expel", 3, 0.2964327352691273),
            Fault(358, "disk", 0, 0.11380883865719127),
        ),
    ),
    "HR books after the interview, which had never stood there, was called off by whoever took over": Plan(
        seed=149,
        service="hr",
        submissions=(
            Submission(0.7519509045115442, 0, 0, "EmployeeResigned", 1),
            Submission(0.5475501437233201, 0, 0, "EmployeeRetained", 2),
        ),
        members=2,
        gaps=0.3,
        travels=12.0,
        faults=(
            Fault(62, "freeze_at_target", 1, 0.135401413254144),
            Fault(200, "freeze_at_target", 0, 0.40008905565008457),
        ),
    ),
}
