"""Handling without a ledger: what the runtime itself takes."""

import asyncio
import random
from collections import defaultdict
from typing import Final

from benchmarks.kit.member import Parts
from benchmarks.kit.words import OrderPlaced
from choreography import Event
from choreography.consume.lane import After, Lane
from choreography.consume.reader import Reader
from choreography.ledger.held_record import HeldRecord
from choreography.retries import Backoff
from choreography.wire.record import Record

KINDS: Final[dict[str, type[Event]]] = {OrderPlaced.full_name(): OrderPlaced}


class Decoding:
    """Reads a record as the worker does, and hands it to a handler that does nothing."""

    def __init__(self, parts: Parts) -> None:
        self._reader = Reader(parts.codec, KINDS, Backoff())

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:  # noqa: ARG002 - nothing waits
        """Decode, validate, do nothing."""
        event = await self._reader.read(record, lane)
        if event is not None:
            await _do_nothing(event)
        return After.GO_ON


class Sleeping:
    """Sleeps for 0 to 5 ms with each record, so many at once, and sees that every key keeps its order."""

    def __init__(self, _parts: Parts, most: int) -> None:
        self._most = asyncio.Semaphore(most)
        self._chance = random.Random(1)
        self._newest: dict[bytes | None, int] = defaultdict(lambda: -1)
        self._running: set[bytes | None] = set()
        self.disorders = 0

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:  # noqa: ARG002 - nothing waits
        """Sleep."""
        async with self._most:
            if record.key in self._running or record.offset <= self._newest[record.key]:
                self.disorders += 1
            self._running.add(record.key)
            await asyncio.sleep(self._chance.uniform(0, 0.005))
            self._running.discard(record.key)
            self._newest[record.key] = record.offset
        return After.GO_ON


async def _do_nothing(_event: Event) -> None:
    """Do nothing."""
