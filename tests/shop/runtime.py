"""The kit's runtime around a worker, without a broker: real ledger, outbox, codec and relay on a fake clock."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from choreography import Event, Service, Topic
from choreography.consume import brake as brake_tables
from choreography.consume.lane import Lane, LaneState, Partition
from choreography.database.database import Database
from choreography.health import Health
from choreography.kafka.look_ahead import Ahead
from choreography.ledger import positions as position_tables
from choreography.ledger import table as ledger_tables
from choreography.ledger.claims import take_claims
from choreography.ledger.journal import Journal
from choreography.ledger.rows import Ledger
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import Outbox
from choreography.outbox.relay import Outgoing, Relay
from choreography.process.assembly import Limits, assemble
from choreography.records import OF_SERVICES, REACTIONS
from choreography.retries import Backoff
from choreography.testing.fake import FakeClock, FakeProducer
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.headers import cloud_event
from choreography.wire.record import Record, TopicPartition
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from choreography.wire.subject import Subject
from tests.shop.facts import OrderCancelled, OrderPlaced


class Runtime:
    """One member of a group; `restart` is what a crash and a new process amount to."""

    def __init__(
        self,
        service: Service[Any],
        ports: Any,
        database: Database,
        registry: FakeRegistry,
        limits: Limits | None = None,
    ) -> None:
        self.service = service
        self.ports = ports
        self.database = database
        self.registry = registry
        self.clock = FakeClock()
        self.health = Health()
        self.producer = FakeProducer()
        self.schemas = Schemas(registry, database)
        self.codec = Codec(self.schemas)
        self.outbox = Outbox(self.codec, f"/{service.system}/{service.name}", self.clock)
        self.relay = Relay(database, self.producer, self.clock)
        self.journal = Journal(
            service.group,
            database=database,
            ledger=Ledger(self.clock),
            outbox=self.outbox,
            health=self.health,
            clock=self.clock,
            backoff=Backoff(),
        )
        assembly = assemble(
            service,
            ports,
            codec=self.codec,
            journal=self.journal,
            published=self.relay.published,
            health=self.health,
            limits=limits or Limits(handler_seconds=5, max_in_flight=10),
            backoff=Backoff(),
        )
        self.worker, self.brake = assembly.worker, assembly.brake
        self.offset = 0
        self.claim = 0

    async def prepare(self) -> None:
        reactions = REACTIONS.of(self.service.system)
        kinds: list[tuple[Topic, type[Event]]] = [(reactions, kind) for kind in OF_SERVICES]
        own: tuple[type[Event], ...] = (*self.service.publishes, OrderPlaced, OrderCancelled)
        kinds += [(kind.topic, kind) for kind in own]
        self.registry.register(*(Subject.of(topic, kind) for topic, kind in kinds))
        await self.schemas.prepare(kinds)
        await self.take_claim()

    async def take_claim(self) -> None:
        at = TopicPartition(OrderPlaced.topic.name, 0)
        claims = await self.database.run(lambda tx: take_claims(tx, [at]))
        self.claim = claims[at]

    def record(self, event: Event) -> Record:
        """Encode an event as the next record of partition 0."""
        self.offset += 1
        headers = tuple(cloud_event(event, event.topic, source="/shop", causation=None))
        value = self.codec.encode(event, event.topic)
        return Record(event.topic.name, 0, self.offset, event.key.encode(), value, headers, 1_700_000_000_000)

    async def deliver(self, record: Record, behind: Sequence[Record] = (), *, begin: int = 0) -> None:
        await self.worker.handle(record, self.lane(Partition(record.at, self.claim, begin), record.key, behind))

    def lane(self, partition: Partition, key: bytes | None, behind: Sequence[Record] = ()) -> Lane:
        return Lane(LaneState(partition, key, deque(behind)), Ahead(lambda _: None), self.clock)

    def published(self) -> list[Outgoing]:
        """Let the relay publish what waits; return everything published so far."""
        while self.relay.step():
            pass
        return self.producer.log

    async def stated(self, *kinds: type[Event]) -> list[Event]:
        """Return what was published of these types, decoded."""
        names = {kind.full_name(): kind for kind in kinds}
        found = [
            await self.codec.decode(one.value, names, topic=one.topic)
            for one in self.published()
            if "dlq" not in one.topic
        ]
        return [event for event in found if event is not None]

    def rows(self) -> list[Any]:
        return self.database.run_sync(
            lambda tx: list(tx.execute(select(ledger_tables.ledger).order_by(ledger_tables.ledger.c.number)))
        )


def use(folder: Path, database_url: str) -> None:
    """Have what is opened over `folder` use this database, and not an SQLite file in it."""
    (folder / "database-url").write_text(database_url)


def address_of(folder: Path) -> str:
    chosen = folder / "database-url"
    return chosen.read_text() if chosen.exists() else f"sqlite:///{folder / 'ledger.db'}"


@asynccontextmanager
async def running(
    service: Service[Any],
    ports: Any,
    folder: Path,
    registry: FakeRegistry | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Runtime]:
    """Open a runtime over the database in `folder`; a second one over the same folder is a restart."""
    database = Database(address_of(folder))
    try:
        database.create(
            *(ledger_tables.metadata, outbox_tables.metadata, position_tables.metadata),
            *(registry_tables.metadata, brake_tables.metadata),
        )
        runtime = Runtime(service, ports, database, registry or FakeRegistry(), limits)
        await runtime.prepare()
        yield runtime
    finally:
        database.close()
