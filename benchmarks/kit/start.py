"""Row `start`: from the moment at which `poll()` returns to the moment at which the handler starts, at 200 a second.

Beside it two loops that have nothing else to do, to which a thread hands a call over: an empty one, and one that
commits a row before it notes the time and another one afterwards, as the ledger must.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final
from uuid import UUID

from confluent_kafka import Producer

from benchmarks.figures import Figure, at_most, spread_figure
from benchmarks.kit.bed import CUSTOMERS, PACED, Bed
from benchmarks.kit.counted import Counted
from benchmarks.kit.loops import committing_loop, empty_loop
from benchmarks.kit.member import Member, Parts, worker_of
from benchmarks.kit.orders import SILENT, Raw, produce
from benchmarks.kit.process import wait_until
from benchmarks.kit.unledgered import KINDS
from benchmarks.kit.words import OrderPlaced, ParcelPacked, order
from benchmarks.spread import Spread
from choreography import Effect, Service, on
from choreography.headers import Envelope
from choreography.in_flight import Handling
from choreography.lane import After, Lane
from choreography.loop import run_loop
from choreography.reader import Reader
from choreography.record import Record
from choreography.retries import Backoff
from choreography.waited import Waited

RATE: Final = 200
NUMBER: Final = 1_000
WARM: Final = 200
LIMIT: Final = 1.0  # milliseconds


@dataclass
class Times:
    """When records were polled, and when their handlers started."""

    polled_at: float = 0.0
    polled: dict[UUID, float] = field(default_factory=dict)
    started: dict[UUID, float] = field(default_factory=dict)

    def poll_returned(self) -> None:
        """Take the time."""
        self.polled_at = perf_counter()

    def batch(self, records: Sequence[Record]) -> None:
        """Note when these were polled."""
        for record in records:
            event_id = Envelope.of(record).id
            if event_id is not None:
                self.polled[event_id] = self.polled_at

    def start(self, event_id: UUID) -> None:
        """Note that the handler starts."""
        self.started[event_id] = perf_counter()

    def spread(self) -> Spread:
        """Return what lies between, without the first ones."""
        took = [(at - self.polled[event_id]) * 1e3 for event_id, at in self.started.items()]
        return Spread.of(took[WARM:])


@dataclass(frozen=True)
class Ports:
    """The handler notes when it starts."""

    times: Times


class Noting:
    """Reads a record and notes when its handler would start; no ledger."""

    def __init__(self, parts: Parts, times: Times) -> None:
        self._reader = Reader(parts.codec, KINDS, Backoff())
        self._times = times

    async def handle(self, record: Record, lane: Lane, waited: Waited | None = None) -> After:  # noqa: ARG002 - nothing waits
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
    bare = run_loop(_paced(bed, "start-bare", Noting))
    yield spread_figure(f"poll returns → handler starts, {RATE}/s, no ledger", bare)
    yield at_most("  its p99 above the empty loop", bare.p99 - empty.p99, LIMIT, "ms", 2)
    with bed.steps.part("a loop that commits", 1):
        committing = committing_loop(bed, WARM + NUMBER, RATE, WARM)
    yield spread_figure("hand-over to a loop that commits a row first", committing)
    whole = run_loop(_paced(bed, "start", _worker))
    yield spread_figure(f"poll returns → handler starts, {RATE}/s, INTENT committed", whole)
    yield at_most("  its p99 above the loop that commits", whole.p99 - committing.p99, LIMIT, "ms", 2)


def _worker(parts: Parts, times: Times) -> Handling:
    async def pack(order: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        ports.times.start(order.event_id)
        return ParcelPacked(parcel=effect.key.hex)

    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="times")
    service = Service[Ports](group=parts.journal.group, starts="now", reactions=[reaction])
    return worker_of(service, Ports(times))(parts)


async def _paced(bed: Bed, name: str, make: Callable[[Parts, Times], Handling]) -> Spread:
    times = Times()
    member = Member(group=bed.group(name), topic=PACED.name, handling=lambda parts: make(parts, times), starts="now")
    async with member.parts(bed) as parts:
        with bed.steps.part(name, WARM + NUMBER) as told:
            counted = Counted(member.handling(parts), WARM, NUMBER, told)
            async with member.consuming(bed, parts, counted) as (subscription, failed):
                subscription.on_polled, subscription.on_batch = times.poll_returned, times.batch
                await asyncio.to_thread(wait_until, lambda: parts.health.ready, 30, "The member is ready")
                with await _producing(bed):
                    await asyncio.wait((counted.over, failed), timeout=60, return_when=asyncio.FIRST_COMPLETED)
                counted.over.result()
    return times.spread()


async def _producing(bed: Bed) -> "_Producing":
    async with bed.filling_codec() as codec:
        orders = [Raw.of(codec, order(number, CUSTOMERS)) for number in range(WARM + NUMBER)]
    return _Producing(bed.broker.bootstrap_servers, orders)


class _Producing(threading.Thread):
    """Produces the orders at their rate, from a thread of its own, until all are out or it is left."""

    def __init__(self, servers: str, orders: Sequence[Raw]) -> None:
        super().__init__(name="producing", daemon=True)
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 0}, logger=SILENT)
        self._orders = orders
        self._leaving = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self.join()

    def run(self) -> None:
        """Produce."""
        begun = perf_counter()
        for number, raw in enumerate(self._orders):
            if self._leaving.wait(max(begun + number / RATE - perf_counter(), 0)):
                return
            produce(self._producer, PACED.name, raw)
        self._producer.flush(10)
