"""Row `start`: from the moment at which `poll()` returns to the moment at which the handler starts, at 200 a second.

Beside it two loops that have nothing else to do, to which a thread hands a call over: an empty one, and one that
commits a row before it notes the time and another one afterwards, as the ledger must.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Figure, at_most, spread_figure
from benchmarks.kit.bed import Bed
from benchmarks.kit.loops import committing_loop, empty_loop
from benchmarks.kit.member import Parts, worker_of
from benchmarks.kit.paced import RATE, Make, Times, orders, paced
from benchmarks.kit.unledgered import KINDS
from benchmarks.kit.words import OrderPlaced, ParcelPacked
from benchmarks.spread import Spread
from choreography import Effect, Service, on
from choreography.consume.lane import After, Handling, Lane
from choreography.consume.reader import Reader
from choreography.ledger.held_record import HeldRecord
from choreography.process.process import run_loop
from choreography.retries import Backoff
from choreography.wire.record import Record

NUMBER: Final = 1_000
WARM: Final = 200
LIMIT: Final = 1.0  # milliseconds


@dataclass(frozen=True)
class Ports:
    """The handler notes when it starts."""

    times: Times


class Noting:
    """Reads a record and notes when its handler would start; no ledger."""

    def __init__(self, parts: Parts, times: Times) -> None:
        self._reader = Reader(parts.codec, KINDS, Backoff())
        self._times = times

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:  # noqa: ARG002 - nothing waits
        """Decode, validate, note."""
        event = await self._reader.read(record, lane)
        if event is not None:
            self._times.start(event.event_id)
        return After.GO_ON


def measure(bed: Bed) -> Iterator[Figure]:
    """Hand over through the empty loop, through the runtime, and through the runtime with its ledger."""
    with bed.steps.part("the empty loop", 1):
        empty = empty_loop(WARM + NUMBER, RATE, WARM)
    yield spread_figure("hand-over to an empty loop", empty)
    bare = _spread(bed, "start-bare", Noting)
    yield spread_figure(f"poll returns → handler starts, {RATE}/s, no ledger", bare)
    yield at_most("  its p99 above the empty loop", bare.p99 - empty.p99, LIMIT, "ms", 2)
    with bed.steps.part("a loop that commits", 1):
        committing = committing_loop(bed, WARM + NUMBER, RATE, WARM)
    yield spread_figure("hand-over to a loop that commits a row first", committing)
    whole = _spread(bed, "start", worker)
    yield spread_figure(f"poll returns → handler starts, {RATE}/s, INTENT committed", whole)
    yield at_most("  its p99 above the loop that commits", whole.p99 - committing.p99, LIMIT, "ms", 2)


def worker(parts: Parts, times: Times) -> Handling:
    """Make the kit's own worker, with a handler that notes when it starts."""

    async def pack(order: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        ports.times.start(order.event_id)
        return ParcelPacked(parcel=effect.key.hex)

    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="times")
    service = Service[Ports](group=parts.journal.group, starts="now", reactions=[reaction])
    return worker_of(service, Ports(times))(parts)


def _spread(bed: Bed, name: str, make: Make) -> Spread:
    times = run_loop(paced(bed, name, make, orders(WARM + NUMBER)))
    return Spread.of(times.since_polled()[WARM:])
