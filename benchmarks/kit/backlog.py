"""Row `memory`: what one service holds while it works off a hundred thousand events."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from benchmarks.figures import Figure, at_most, plain
from benchmarks.kit.bed import MANY, Bed
from benchmarks.kit.process import Members
from benchmarks.memory import resident_bytes

LIMIT: Final = 120.0  # MB
FLAT: Final = 1.15
_PAUSE: Final = 0.25  # seconds between two looks
_MOST: Final = 50.0  # seconds; then it is said how far it has come
Look = tuple[int, float]
"""How many events are done, and the megabytes that the process holds."""


def measure(bed: Bed) -> Iterator[Figure]:
    """Start a service, a hundred thousand events behind, and look at it until they are done."""
    bed.many()
    members = Members(bed, bed.group("backlog"), "earliest")
    try:
        with bed.steps.part("working off", MANY) as told:
            looks = _looks(members.effects, members.start("behind"), told)
    finally:
        members.stop()
    yield at_most(f"memory of a service, {MANY:,} events behind: most", max(held for _, held in looks), LIMIT, "MB", 0)
    for quarter in range(5):
        done, held = looks[(len(looks) - 1) * quarter // 4]
        yield plain(f"  when {done:,} were done", held, "MB", 0)
    yield at_most("  last half ÷ first half", flatness([held for _, held in looks]), FLAT, "ratio", 2)


def flatness(held: list[float]) -> float:
    """Return the mean of the second half of some sizes, divided by that of the first half."""
    middle = len(held) // 2
    return (sum(held[middle:]) / len(held[middle:])) / (sum(held[:middle]) / middle)


def _looks(effects: Path, pid: int, told: Callable[[int], None]) -> list[Look]:
    looks: list[Look] = []
    deadline = monotonic() + _MOST
    while monotonic() < deadline and (not looks or looks[-1][0] < MANY):
        done = effects.read_bytes().count(b"\n") if effects.exists() else 0
        looks.append((done, resident_bytes({"it": pid})["it"] / 1e6))
        told(min(done, MANY))
        sleep(_PAUSE)
    return looks
