"""Row `takeover`: one of two members is killed; when has the other one acted in every partition of the dead one?

There is one customer for each partition, so an effect tells whose partition it was.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import time_ns
from typing import Final

from confluent_kafka import Producer

from benchmarks.figures import Figure, at_most
from benchmarks.kit.bed import Bed
from benchmarks.kit.orders import SILENT, Raw
from benchmarks.kit.process import Members, wait_until
from benchmarks.kit.service import Done, effects_in
from benchmarks.kit.words import ORDERS, order
from choreography.settings import GroupProtocol
from choreography.wire.codec import Codec

PROTOCOLS: Final[tuple[GroupProtocol, ...]] = ("classic", "consumer")
MORE: Final = 2.0  # seconds after the session time-out
_CUSTOMERS: Final = tuple(f"T{number}" for number in range(ORDERS.partitions))
_FIRST: Final = 10_000_000  # the number of the first order; nobody else's
_PAUSE: Final = 0.1  # seconds between two orders of a customer
_PATIENCE: Final = 60.0


def measure(bed: Bed) -> Iterator[Figure]:
    """Kill a member under each group protocol."""
    limit = bed.settings().session_timeout_ms / 1_000 + MORE
    for protocol in PROTOCOLS:
        members = Members(bed, bed.group(f"takeover-{protocol}"), "now")
        try:
            with bed.steps.part(f"group protocol {protocol}", 1):
                seconds = _take_over(bed, members, protocol)
        finally:
            members.stop()
        yield at_most(f"kill -9 to take-over, group protocol {protocol}", seconds, limit, "s")


def _take_over(bed: Bed, members: Members, protocol: GroupProtocol) -> float:
    one, other = (members.start(name, group_protocol=protocol) for name in ("one", "other"))
    with closing(_Ordering(bed)) as ordering:
        ordering.start()
        wait_until(lambda: _both_work(members.effects, {one, other}), _PATIENCE, "Both members work")
        lost = {done.customer for done in _newest(members.effects).values() if done.pid == one}
        members.kill("one")
        killed = time_ns()
        wait_until(lambda: lost <= _taken(members.effects, other, killed).keys(), _PATIENCE, "The other one takes over")
    taken = _taken(members.effects, other, killed)
    return (max(taken[customer] for customer in lost) - killed) / 1e9


def _newest(effects: Path) -> dict[str, Done]:
    """Return the newest effect for each customer."""
    return {done.customer: done for done in effects_in(effects) if done.customer in _CUSTOMERS}


def _both_work(effects: Path, pids: set[int]) -> bool:
    """Whether every customer is served, by both members, and both still act."""
    newest, now = _newest(effects), time_ns()
    fresh = [done for done in newest.values() if now - done.at < 1e9]
    return len(fresh) == len(_CUSTOMERS) and {done.pid for done in fresh} == pids


def _taken(effects: Path, pid: int, since: int) -> dict[str, int]:
    """Return when a member first acted for each customer after a moment."""
    first: dict[str, int] = {}
    for done in effects_in(effects):
        if done.pid == pid and done.at > since:
            first.setdefault(done.customer, done.at)
    return first


class _Ordering(threading.Thread):
    """Orders for one customer in each partition, some times a second, from a thread of its own, until it is closed."""

    def __init__(self, bed: Bed) -> None:
        super().__init__(name="ordering", daemon=True)
        self._producer = Producer({"bootstrap.servers": bed.broker.bootstrap_servers, "linger.ms": 0}, logger=SILENT)
        self._orders = asyncio.run(_encoded(bed))
        self._closing = threading.Event()

    def run(self) -> None:
        """Order."""
        for number, (key, value, headers) in enumerate(self._orders):
            at = number % ORDERS.partitions
            self._producer.produce(ORDERS.name, key=key, value=value, headers=list(headers), partition=at)
            self._producer.poll(0)
            if at == ORDERS.partitions - 1 and self._closing.wait(_PAUSE):
                return

    def close(self) -> None:
        """Stop ordering."""
        self._closing.set()
        self.join()
        self._producer.flush(10)


async def _encoded(bed: Bed) -> list[Raw]:
    async with bed.filling_codec() as codec:
        return [_order(codec, number) for number in range(round(3 * _PATIENCE / _PAUSE) * ORDERS.partitions)]


def _order(codec: Codec, number: int) -> Raw:
    customer = _CUSTOMERS[number % len(_CUSTOMERS)]
    event = order(_FIRST + number, 1).model_copy(update={"customer_id": customer, "order_version": 1})
    return Raw.of(codec, event)
