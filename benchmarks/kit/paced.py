"""Records that come at a steady rate, and when each of them was sent, was polled, and had its handler started."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final
from uuid import UUID

from confluent_kafka import Producer

from benchmarks.kit.bed import CUSTOMERS, PACED, Bed
from benchmarks.kit.counted import Counted
from benchmarks.kit.member import Member, Parts
from benchmarks.kit.orders import SILENT, Raw, produce
from benchmarks.kit.process import wait_until
from benchmarks.kit.words import OrderPlaced, order
from choreography.consume.lane import Handling
from choreography.wire.headers import Envelope
from choreography.wire.record import Record

RATE: Final = 200  # orders a second
_SECONDS: Final = 90.0


@dataclass
class Times:
    """When records were sent and polled, and when their handlers started, by the id of the event."""

    polled_at: float = 0.0
    sent: dict[UUID, float] = field(default_factory=dict)
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

    def since_polled(self) -> list[float]:
        """Return the milliseconds from `poll()` to the handler, in the order in which handlers started."""
        return [(at - self.polled[event_id]) * 1e3 for event_id, at in self.started.items()]

    def since_sent(self) -> list[float]:
        """Return the milliseconds from sending to the handler, in the order in which handlers started."""
        return [(at - self.sent[event_id]) * 1e3 for event_id, at in self.started.items()]


Make = Callable[[Parts, Times], Handling]
Coming = OrderPlaced | Raw
"""What is sent: an order at its time, or a record just before the order that follows it."""


def orders(number: int) -> list[Coming]:
    """Return so many orders."""
    return [order(one, CUSTOMERS) for one in range(number)]


async def paced(bed: Bed, name: str, make: Make, coming: Sequence[Coming]) -> Times:
    """Have a new group handle what comes until all of it has ended."""
    times = Times()
    member = Member(group=bed.group(name), topic=PACED.name, handling=lambda parts: make(parts, times), starts="now")
    async with member.parts(bed) as parts:
        with bed.steps.part(name, len(coming)) as told:
            counted = Counted(member.handling(parts), 1, len(coming) - 1, told)
            async with member.consuming(bed, parts, counted) as (subscription, failed):
                subscription.on_polled, subscription.on_batch = times.poll_returned, times.batch
                await asyncio.to_thread(wait_until, lambda: parts.health.ready, 30, "The member is ready")
                with await _producing(bed, coming, times):
                    await asyncio.wait((counted.over, failed), timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if failed.done():
                    failed.result()
                if not counted.over.done():
                    raise TimeoutError(f"{name}: not over after {_SECONDS:g} s")
    return times


async def _producing(bed: Bed, coming: Sequence[Coming], times: Times) -> "_Producing":
    async with bed.filling_codec() as codec:
        raws = [(None, one) if isinstance(one, Raw) else (one.event_id, Raw.of(codec, one)) for one in coming]
    return _Producing(bed.broker.bootstrap_servers, raws, times)


class _Producing(threading.Thread):
    """Produces the orders at their rate, from a thread of its own, until all are out or it is left."""

    def __init__(self, servers: str, raws: Sequence[tuple[UUID | None, Raw]], times: Times) -> None:
        super().__init__(name="producing", daemon=True)
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 0}, logger=SILENT)
        self._raws = raws
        self._times = times
        self._leaving = threading.Event()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self.join()

    def run(self) -> None:
        """Produce."""
        begun, number = perf_counter(), 0
        for event_id, raw in self._raws:
            if event_id is not None:
                number += 1
                if self._leaving.wait(max(begun + number / RATE - perf_counter(), 0)):
                    return
                self._times.sent[event_id] = perf_counter()
            produce(self._producer, PACED.name, raw)
        self._producer.flush(10)
