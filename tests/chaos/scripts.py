"""What everybody is going to do: cases one after the other, each a few steps, all of it chosen by the seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Literal

Move = Literal["resign", "move", "confirm", "retain", "withdraw"]

FACT_OF: Final[dict[Move, str]] = {
    "resign": "EmployeeResigned",
    "move": "LastWorkingDayChanged",
    "confirm": "ExitConfirmed",
    "retain": "EmployeeRetained",
    "withdraw": "ResignationWithdrawn",
}
_CLOSED: Final[tuple[tuple[Move, ...], ...]] = (
    ("resign", "retain"),
    ("resign", "retain"),
    ("resign", "withdraw"),
    ("resign", "withdraw"),
    ("resign", "confirm", "withdraw"),
    ("resign", "move", "retain"),
    ("resign", "move", "move", "withdraw"),
    ("resign", "confirm", "move", "withdraw"),
)
_LAST: Final[tuple[tuple[Move, ...], ...]] = (
    *_CLOSED,
    ("resign",),
    ("resign", "confirm"),
    ("resign", "confirm"),
    ("resign", "move"),
    ("resign", "move", "confirm"),
)
_DAYS: Final = (3, 60)  # until the last working day: too near for the interview that stands, and far away
_AT_ONCE: Final = 0.2  # part of the changes of mind
_RESTRICTED: Final = 0.05  # part of the cases


@dataclass(frozen=True)
class Step:
    """One request.

    Attributes:
        after: seconds since the one before was answered.
        restricted: `resign` only: HR is to be told first, and the manager once it is released.
        days: `move` only: from today until the new last working day; another one in each step of a case.
    """

    move: Move
    after: float
    restricted: bool = False
    days: int = 0


def scripts(seed: int, leavers: Sequence[str], events: int, seconds: float) -> dict[str, list[Step]]:
    """Return what each leaver does; together about `events` requests.

    Args:
        seed: chooses.
        leavers: who.
        events: how many requests.
        seconds: how long it all may take.
    """
    chance = random.Random(f"{seed}/scripts")
    chosen: dict[str, list[tuple[Move, ...]]] = {one: [chance.choice(_LAST)] for one in leavers}
    left = events - sum(len(cases[0]) for cases in chosen.values())
    for one in cycle(leavers):
        if left <= 0:
            break
        case = chance.choice(_CLOSED)
        chosen[one].insert(0, case)
        left -= len(case)
    # seconds between two requests of one person; a little less than possible, so that the rate is kept to the end
    pace = 0.8 * seconds * len(leavers) / events
    return {one: [step for case in cases for step in _steps(case, chance, pace)] for one, cases in chosen.items()}


def _steps(case: tuple[Move, ...], chance: random.Random, pace: float) -> Iterator[Step]:
    restricted = chance.random() < _RESTRICTED
    for number, move in enumerate(case):
        # some change their mind at once, before anybody has reacted; most when all have
        after = 0.0 if number and chance.random() < _AT_ONCE else chance.uniform(0.3, 1.7) * pace
        days = chance.choice(_DAYS) + number if move == "move" else 0
        yield Step(move, after, restricted=restricted and move == "resign", days=days)
