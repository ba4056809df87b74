"""What a history is made of: submissions, faults and circumstances; drawn from a seed, or by hypothesis."""

from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from tests.simulation.fault import Fault, draw_faults

__all__ = ["KEYS", "SERVICES", "STORIES", "Fault", "Plan", "Submission", "plan_of"]

KEYS: Final = 6
MANY: Final = 0.03  # how often all of them have a case


@dataclass(frozen=True, slots=True)
class Submission:
    """An event that is going to happen.

    Attributes:
        after: seconds after the one before.
        story: the number of the case that it belongs to.
        kind: the event's class.
        version: its number within the case.
        twice: it is published twice, with one id.
        is_old: it happened many days ago.
        is_poison: its body is garbage.
    """

    after: float
    story: int
    key: int
    kind: str
    version: int
    twice: bool = False
    is_old: bool = False
    is_poison: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One history before it has happened.

    Attributes:
        seed: of the scheduler and of everything that is not said here.
        service: which service lives it.
        members: how many processes the service has.
        gaps: how likely offsets are left out.
        outbox: events leave through an outbox and two relays, instead of appearing on the topic.
        backlog: that many events are there before the service starts for the first time.
        travels: how many seconds a request to a target may be on its way.
        keeps_relay_lock: whether the lock of a relay that is paused for long stays its own.
        mail: what is done about a mail that may have been sent.
        served: real clients ask servers that are real code, instead of simulated ones.
    """

    seed: int
    service: str = "desk"
    members: int = 1
    partitions: int = 1
    gaps: float = 0.2
    outbox: bool = False
    backlog: int = 0
    travels: float = 0.0
    keeps_relay_lock: bool = True
    mail: Literal["lookup", "resend"] = "lookup"
    served: bool = False
    submissions: tuple[Submission, ...] = ()
    faults: tuple[Fault, ...] = field(default=())


_EXITS: Final = (
    ("EmployeeResigned",),
    ("EmployeeResigned", "EmployeeRetained"),
    ("EmployeeResigned", "ResignationWithdrawn"),
    ("EmployeeResigned", "ExitCaseVoided"),
    ("EmployeeResigned", "ExitConfirmed"),
    ("EmployeeResigned", "ExitConfirmed", "ResignationWithdrawn"),
    ("EmployeeResigned", "ExitConfirmed", "EmployeeDeparted"),
)
_MOVED: Final = (
    ("EmployeeResigned", "LastWorkingDayChanged"),
    ("EmployeeResigned", "LastWorkingDayChanged", "EmployeeRetained"),
    ("EmployeeResigned", "LastWorkingDayChanged", "LastWorkingDayChanged"),
    ("EmployeeResigned", "LastWorkingDayChanged", "LastWorkingDayChanged", "ResignationWithdrawn"),
    ("EmployeeResigned", "LastWorkingDayChanged", "ExitConfirmed", "LastWorkingDayChanged", "EmployeeDeparted"),
)
STORIES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "desk": (
        ("CaseOpened",),
        ("CaseOpened", "CaseClosed"),
        ("CaseOpened", "CaseMoved"),
        ("CaseOpened", "CaseMoved", "CaseClosed"),
        ("CaseOpened", "CaseMoved", "CaseMoved", "CaseClosed"),
    ),
    "access": _EXITS,
    "notification": (
        *_EXITS,
        ("EmployeeResigned", "LastWorkingDayChanged", "ExitConfirmed"),
        ("EmployeeResigned", "ExitConfirmed", "LastWorkingDayChanged", "ResignationWithdrawn"),
    ),
    "hr": (*_EXITS, *_MOVED),
}
_POLICIES: Final[tuple[Literal["lookup", "resend"], ...]] = ("lookup", "resend")
SERVICES: Final = tuple(STORIES)
_SHARES: Final = (5, 5, 2, 3)
_SERVED_SHARES: Final = (0, 4, 3, 4)


def plan_of(seed: int, *, served: bool = False) -> Plan:
    """Draw a plan; where it is `served`, of one of the three duties."""
    chance = Random(seed)
    (service,) = chance.choices(SERVICES, _SERVED_SHARES if served else _SHARES)
    submissions = _submissions(chance, service)
    return Plan(
        seed=seed,
        service=service,
        members=chance.choice((1, 1, 2)),
        partitions=chance.choice((1, 1, 2)),
        gaps=chance.choice((0.0, 0.3)),
        outbox=chance.random() < 0.25,
        backlog=chance.choice((0, 0, len(submissions) // 2, len(submissions))),
        travels=chance.choice((0.0, 0.0, 1.0, 5.0)),
        keeps_relay_lock=chance.random() < 0.7,
        mail=chance.choice(_POLICIES),
        served=served,
        submissions=submissions,
        faults=draw_faults(chance, len(submissions), are_many=len({one.key for one in submissions}) == KEYS),
    )


def _submissions(chance: Random, service: str) -> tuple[Submission, ...]:
    number = chance.choice((1, 1, 2, 3))
    keys = [chance.randrange(2) for _ in range(number)]
    if chance.random() < MANY:
        keys = list(range(KEYS))
        number = KEYS
    waiting = [(story, _story(chance, service, keys, story)) for story in range(number)]
    versions = [0] * len(waiting)
    made: list[Submission] = []
    while waiting:
        story, kinds = chance.choice(waiting)
        versions[story] += 1
        is_poison, is_old = chance.random() < 0.02, chance.random() < 0.04
        twice = chance.random() < 0.08
        made.append(
            Submission(
                _pause(chance), story, keys[story], kinds.pop(0), versions[story], twice, is_old, is_poison=is_poison
            )
        )
        waiting = [one for one in waiting if one[1]]
    return tuple(made)


def _story(chance: Random, service: str, keys: list[int], story: int) -> list[str]:
    """Choose what happens in a case; nobody departs in one case while another one of theirs is open."""
    kinds = chance.choice(STORIES[service])
    is_alone = keys.count(keys[story]) == 1
    return [kind for kind in kinds if is_alone or kind != "EmployeeDeparted"]


def _pause(chance: Random) -> float:
    luck = chance.random()
    if luck < 0.6:
        return 0.0
    if luck < 0.9:
        return chance.random() * 3
    return chance.random() * (400 if luck > 0.98 else 40)
