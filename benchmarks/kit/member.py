"""One member of a group in this process: the kit's own consumer, subscription and lanes around what handles records.

It is put together as `choreography.process.serving` does it, with two differences: what handles the records may be
anything, and it is told when which record has ended.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.kit.bed import Bed
from benchmarks.kit.counted import Counted, Watched
from benchmarks.kit.span import Span
from choreography import Service, SystemClock
from choreography.consume import brake as brake_tables
from choreography.consume.lane import Handling
from choreography.database.database import Database
from choreography.health import Health
from choreography.kafka.config import consumer_config
from choreography.kafka.consumer import KafkaConsumer
from choreography.ledger import positions as position_tables
from choreography.ledger import table as ledger_tables
from choreography.ledger.journal import Journal
from choreography.ledger.positions import Starts, ledger_id
from choreography.ledger.rows import Ledger
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import Outbox
from choreography.outbox.producer import KafkaProducer
from choreography.outbox.relay import Relay
from choreography.process.assembly import Limits, assemble
from choreography.process.process import run_loop
from choreography.process.serving import settle
from choreography.retries import Backoff
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.record import Place, Record

LEAVE_SECONDS: Final = 20.0
TABLES: Final = (
    outbox_tables.metadata,
    registry_tables.metadata,
    ledger_tables.metadata,
    position_tables.metadata,
    brake_tables.metadata,
)


@dataclass(frozen=True)
class Parts:
    """What a handling may need of the member that it runs in."""

    codec: Codec
    journal: Journal
    health: Health


class Unasked(Journal):
    """A journal without a ledger to ask: it knows of nothing that is finished."""

    async def finished_among(self, records: Sequence[Record]) -> set[Place]:  # noqa: ARG002 - nobody is asked
        """Return nothing."""
        return set()


@dataclass(frozen=True, kw_only=True)
class Member:
    """What is to be run.

    Attributes:
        group: its consumer group; the next member of it goes on where this one ended.
        topic: what it reads.
        handling: makes what handles the records.
        database: its file; by default one of the group's.
        relays: publish meanwhile what it states.
        starts: where the group begins.
        asks: asks the ledger what of a large batch is finished already.
    """

    group: str
    topic: str
    handling: Callable[[Parts], Handling]
    database: Path | None = None
    relays: bool = False
    starts: Starts = "earliest"
    asks: bool = True

    def run(self, bed: Bed, what: str, *, warm: int, number: int, seconds: float = 120) -> Span:
        """Run until so many records have ended; return how long `number` of them took, after the first `warm` ones."""
        return run_loop(self._run(bed, what, warm, number, seconds))

    async def _run(self, bed: Bed, what: str, warm: int, number: int, seconds: float) -> Span:
        async with self.parts(bed) as parts:
            with bed.steps.part(what, warm + number) as told:
                counted = Counted(self.handling(parts), warm, number, told)
                async with self.consuming(bed, parts, counted) as (subscription, failed):
                    subscription.on_batch = lambda _batch: counted.begin()
                    await asyncio.wait((counted.over, failed), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                    if failed.done():
                        failed.result()
                    if not counted.over.done():
                        raise TimeoutError(f"{what}: not over after {seconds:g} s")
                    return counted.over.result()

    @asynccontextmanager
    async def parts(self, bed: Bed) -> AsyncIterator[Parts]:
        """Open the database and what stands around it."""
        clock = SystemClock()
        database = Database(f"sqlite:///{self.database or bed.folder / f'{self.group}.db'}")
        try:
            database.create(*TABLES)
            async with bed.codec(database) as codec:
                health, outbox = Health(), Outbox(codec, "/bench/member", clock)
                journal = (Journal if self.asks else Unasked)(
                    self.group,
                    database=database,
                    ledger=Ledger(clock),
                    outbox=outbox,
                    health=health,
                    clock=clock,
                    backoff=Backoff(),
                )
                async with self._relaying(bed, database, outbox):
                    yield Parts(codec, journal, health)
        finally:
            await asyncio.to_thread(database.close)

    @asynccontextmanager
    async def _relaying(self, bed: Bed, database: Database, outbox: Outbox) -> AsyncIterator[None]:
        if not self.relays:
            yield
            return
        producer = KafkaProducer(bed.broker.bootstrap_servers, self.group)
        relay = Relay(database, producer, SystemClock())
        outbox.wake = relay.wake
        relay.start()
        try:
            yield
        finally:
            await asyncio.to_thread(relay.stop, LEAVE_SECONDS)

    @asynccontextmanager
    async def consuming(
        self, bed: Bed, parts: Parts, handling: Handling
    ) -> AsyncIterator[tuple[Watched, "asyncio.Future[None]"]]:
        """Consume; yield the subscription, and what ends when the consumer fails."""
        settings, loop = bed.settings(), asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()

        def fail(error: BaseException) -> None:
            loop.call_soon_threadsafe(lambda: None if failed.done() else failed.set_exception(error))

        subscription = Watched(
            handling, parts.journal, parts.health, starts=self.starts, drain_seconds=10, fence_seconds=7
        )
        ledger = await parts.journal.database.run(lambda tx: ledger_id(tx, self.group))
        config = consumer_config(settings.connection(), self.group, self.group, settings.session_timeout_ms)
        consumer = KafkaConsumer(config, [self.topic], subscription, fail, ledger=ledger)
        subscription.consumer = consumer
        ticking = asyncio.ensure_future(subscription.keep_ticking(_nothing))
        settle()
        consumer.start()
        try:
            yield subscription, failed
        finally:
            consumer.stop()
            await asyncio.to_thread(consumer.join, LEAVE_SECONDS)
            ticking.cancel()


def worker_of(service: Service[Any], ports: Any, limits: Limits | None = None) -> Callable[[Parts], Handling]:  # noqa: ANN401 - of any service
    """Return what makes the kit's own worker: the whole way of a record, with its ledger."""

    async def published(_row: int) -> None:
        raise AssertionError

    def make(parts: Parts) -> Handling:
        return assemble(
            service,
            ports,
            codec=parts.codec,
            journal=parts.journal,
            published=published,
            health=parts.health,
            limits=limits or Limits(),
            backoff=Backoff(),
        ).worker

    return make


async def _nothing() -> None:
    """Do nothing each second."""
