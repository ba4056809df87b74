"""Row `ledger`: the whole way of an event with a handler that does nothing: INTENT, DONE, the fact in the outbox."""

from collections.abc import Iterator
from statistics import median
from typing import Final

from benchmarks.figures import Figure, at_least, plain
from benchmarks.kit.bed import Bed
from benchmarks.kit.member import Member, worker_of
from benchmarks.kit.shop import CountingShelf, Ports, packing
from benchmarks.kit.span import Span, median_rate

ROUNDS: Final = 3
NUMBER: Final = 20_000
WARM: Final = 1_000


def measure(bed: Bed) -> Iterator[Figure]:
    """Pack parcels, first without and then with a relay that publishes the facts meanwhile."""
    topic = bed.many()
    alone = [_round(bed, topic, f"{turn + 1} of {ROUNDS}", relays=False) for turn in range(ROUNDS)]
    yield at_least("effects, ledger on, SQLite FULL, no-op effect", median_rate(alone), 5_000, "/s", 0)
    yield plain("  processor time of each", median(one.busy / one.events for one in alone) * 1e6, "µs", 0)
    relayed = [_round(bed, topic, f"published too, {turn + 1} of {ROUNDS}", relays=True) for turn in range(ROUNDS)]
    yield plain("  with a relay that publishes their facts", median_rate(relayed), "/s", 0)


def _round(bed: Bed, topic: str, what: str, *, relays: bool) -> Span:
    group = bed.group("ledger")
    member = Member(group=group, topic=topic, handling=worker_of(packing(group), Ports(CountingShelf())), relays=relays)
    return member.run(bed, what, warm=WARM, number=NUMBER)
