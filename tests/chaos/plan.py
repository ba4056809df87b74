"""What is done to the processes, and when: chosen by the seed, and spread evenly over the load."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SERVICES: Final = ("consumers.access", "consumers.hr", "consumers.notification")
EMS: Final = "producers.ems"
TARGETS: Final = ("smtp", "imap", "caldav", "scim")
PLATFORM: Final = ("registry",)
BROKER: Final = "kafka"

# Where a process kills itself when it carries the name, and who gets there.
FAIL_POINTS: Final[dict[str, tuple[str, ...]]] = {
    "before_intent": SERVICES,
    "after_intent": SERVICES,
    "after_effect": SERVICES,
    "after_done": SERVICES,
    "after_decided": ("consumers.access", "consumers.hr"),
    "after_offset_stored": SERVICES,
    "after_release": ("consumers.hr",),  # whose mail is held when nobody is accepted
    "relay_after_ack": (*SERVICES, EMS),
    "relay_after_mark": (*SERVICES, EMS),
}
_LATEST: Final = 12  # the number of the time at which a fail point kills, at most


@dataclass(frozen=True)
class Deed:
    """One thing that is done.

    Attributes:
        at: when, as a part of the load that has been accepted, from 0 to 1.
        kind: `kill`, `arm` (kill, and start again with a fail point), `pause`, `join`, `restart`, `away`.
        what: the process; the target for `away`; nothing for `arm`, which takes any that gets to the fail point.
        detail: of `arm` the fail point; of `restart` the signal.
    """

    at: float
    kind: str
    what: str
    detail: str = ""


def deeds(seed: int, kills: int) -> list[Deed]:
    """Return the plan of a run, in order.

    Half of the kills come at random, each of which lets the process come back with a fail point; the other half is
    done there, by the process itself. One process in ten that is killed is not one of ours: a target or the broker.

    Args:
        seed: chooses.
        kills: how many, together; of which the broker gets one in twenty, but at least one.
    """
    chance = random.Random(f"{seed}/plan")
    brokers = max(1, kills // 20)
    foreign = kills // 10
    pairs = -(-(kills - brokers - foreign) // 2)
    chosen = [
        *_armed(chance, pairs),
        *(("kill", chance.choice((*TARGETS, *PLATFORM)), "") for _ in range(foreign)),
        *(("restart", BROKER, _BROKER_ENDS[number % 2]) for number in range(brokers + brokers // 2)),
        *(("pause", chance.choice(SERVICES), "") for _ in range(max(1, kills // 12))),
        *(("join", SERVICES[number % 3], "") for number in range(max(1, kills // 12))),
        *(("away", one, "") for one in ("smtp", "scim", "caldav") for _ in range(max(1, kills // 50))),
    ]
    chance.shuffle(chosen)
    step = 1 / len(chosen)
    return [Deed((number + chance.random()) * step, *one) for number, one in enumerate(chosen)]


_BROKER_ENDS: Final = ("SIGKILL", "SIGTERM")


def _armed(chance: random.Random, number: int) -> Iterator[tuple[str, str, str]]:
    """Kill so many processes, each coming back with a fail point; every point gets its turn before one comes again."""
    points = list(_shuffled(chance, tuple(FAIL_POINTS), number))
    for point in points:
        time = 1 if point == "after_release" else chance.randint(1, _LATEST)
        yield "arm", "", f"{point}:{time}"


def _shuffled(chance: random.Random, names: Sequence[str], number: int) -> Iterator[str]:
    while number > 0:
        turn = chance.sample(names, len(names))
        yield from turn[:number]
        number -= len(turn)
