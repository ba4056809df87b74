"""Row `poison`: how long orders wait while every fifth record beside them cannot be read."""

import os
import random
import struct
from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure, at_most, plain, spread_figure
from benchmarks.kit.bed import Bed
from benchmarks.kit.orders import Raw
from benchmarks.kit.paced import RATE, Coming, orders, paced
from benchmarks.kit.start import worker
from benchmarks.memory import resident_bytes
from benchmarks.spread import Spread
from choreography.process.process import run_loop

NUMBER: Final = 4_000
WARM: Final = 200
EVERY: Final = 4  # orders, then one that cannot be read
LIMIT: Final = 2.0
FLAT: Final = 1.1
_FRAME: Final = struct.Struct(">BI")
_UNKNOWN: Final = 2**31 - 1
_MEGABYTE: Final = 1_000_000


def measure(bed: Bed) -> Iterator[Figure]:
    """Send orders at a steady rate, first alone and then with what nobody can read between them."""
    alone = Spread.of(run_loop(paced(bed, "clean", worker, orders(NUMBER))).since_sent()[WARM:])
    yield spread_figure(f"sent → handler starts, {RATE}/s", alone)
    before = _held()
    times = run_loop(paced(bed, "poisoned", worker, _mixed()))
    beside = Spread.of(times.since_sent()[WARM:])
    yield spread_figure(f"  with {NUMBER // EVERY:,} records that cannot be read", beside)
    yield at_most("  p99 ÷ the same without", beside.p99 / alone.p99, LIMIT, "ratio", 2)
    yield plain("memory before", before, "MB", 0)
    yield at_most("  afterwards ÷ before", _held() / before, FLAT, "ratio", 2)


def _mixed() -> list[Coming]:
    chance = random.Random(1)
    mixed: list[Coming] = []
    for number, order in enumerate(orders(NUMBER)):
        if number % EVERY == 0:
            mixed.append(Raw(f"poison-{number}".encode(), _poison(number // EVERY, chance), []))
        mixed.append(order)
    return mixed


def _poison(number: int, chance: random.Random) -> bytes:
    """Return bytes that are no order: of each kind in turn, mostly bodies of random length."""
    body = chance.randbytes(chance.randrange(200))
    kinds = (
        b"",
        body,
        _FRAME.pack(1, 1) + body,  # another magic byte
        _FRAME.pack(0, _UNKNOWN) + body,
        _FRAME.pack(0, 1) + b"\xff" * 9 + b"\x01" + body,  # an enormous length
        _FRAME.pack(0, 1) + body,
        chance.randbytes(_MEGABYTE // 2) if number % 100 == 0 else body,
    )
    return kinds[number % len(kinds)]


def _held() -> float:
    return resident_bytes({"it": os.getpid()})["it"] / 1e6
