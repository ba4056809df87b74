"""Row `parallel`: ten thousand orders of a thousand customers, 0 to 5 ms each, a hundred at once, each key in order.

confluentinc/parallel-consumer publishes 2.06 s for it, 16 at once.
"""

from collections.abc import Iterator
from statistics import median
from typing import Final

from benchmarks.figures import Figure, at_most, plain
from benchmarks.kit.bed import FEW_ORDERS, Bed
from benchmarks.kit.member import Member, Parts
from benchmarks.kit.span import Span
from benchmarks.kit.unledgered import Sleeping

ROUNDS: Final = 5
AT_ONCE: Final = 100
LIMIT: Final = 0.45  # seconds


def measure(bed: Bed) -> Iterator[Figure]:
    """Handle all of them, from the first batch to the last end."""
    topic = bed.few()
    rounds = [_round(bed, topic, turn) for turn in range(ROUNDS)]
    name = f"{FEW_ORDERS:,} of 0–5 ms, 1,000 keys, {AT_ONCE} at once"
    yield at_most(name, median(span.seconds for span, _ in rounds), LIMIT, "s", 2)
    yield plain("  of these, processor time", median(span.busy for span, _ in rounds), "s", 2)
    yield at_most("  records out of the order of their key", sum(wrong for _, wrong in rounds), 0, "", 0)


def _round(bed: Bed, topic: str, turn: int) -> tuple[Span, int]:
    handlings: list[Sleeping] = []

    def make(parts: Parts) -> Sleeping:
        handlings.append(Sleeping(parts, AT_ONCE))
        return handlings[0]

    member = Member(group=bed.group("parallel"), topic=topic, handling=make, asks=False)
    span = member.run(bed, f"{turn + 1} of {ROUNDS}", warm=0, number=FEW_ORDERS)
    return span, handlings[0].disorders
