"""What the rows are measured on: a broker and a registry of this run alone, and topics that are filled when needed."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from benchmarks.kit.orders import fill
from benchmarks.kit.words import ORDERS, PARCELS, SYSTEM, OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked
from benchmarks.steps import Steps
from choreography import Event, ServiceSettings, Topic
from choreography.database.database import Database
from choreography.logs import configure_logs
from choreography.outbox.deadletter import dead_letters_of
from choreography.records import REACTIONS, RECORDS, SERVICES
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import ConfluentRegistry
from choreography.wire.subject import Subject
from infra.deploy import deploy
from infra.inventory import Inventory
from infra.providers import Broker
from infra.providers.local import LocalBroker

MANY: Final = 100_000  # orders on the large topic
CUSTOMERS: Final = 2_000  # of the large topic
FEW: Final = Topic("bench.thousand-customers.v1", package=ORDERS.package)
FEW_ORDERS: Final = 10_000
FEW_CUSTOMERS: Final = 1_000
PACED: Final = Topic("bench.paced.v1", package=ORDERS.package)
RELAYED: Final = Topic("bench.relayed.v1", package=ORDERS.package)
EVENTS: Final[tuple[type[Event], ...]] = (OrderPlaced, OrderCancelled, ParcelPacked, ParcelUnpacked)


@dataclass
class Bed:
    """A broker, a registry, a folder and what says how far the run is.

    Attributes:
        broker: where both answer.
        folder: for databases and logs of this run.
        steps: are told what begins.
    """

    broker: Broker
    folder: Path
    steps: Steps
    _filled: dict[str, int] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, steps: Steps) -> Iterator[Self]:
        """Start a broker and a registry in this folder, with our topics and schemas; stop them at the end."""
        steps.begin("starting a broker and a registry")
        local = LocalBroker(folder / "broker")
        broker = local.start(steps)
        try:
            deploy(broker, _inventory())
            bed = cls(broker, folder, steps)
            with (folder / "members.log").open("w", encoding="utf-8") as log:
                with redirect_stderr(log):
                    configure_logs(bed.settings(), name="bench")  # as a service logs: JSON, to a file
                yield bed
        finally:
            local.stop()

    def group(self, name: str) -> str:
        """Return a consumer group that nobody has used before, with its topic of dead letters."""
        group = f"{SYSTEM}.{name}-{uuid4().hex[:8]}"
        deploy(self.broker, Inventory((dead_letters_of(group),), ()))
        return group

    def settings(self, **given: Any) -> ServiceSettings:  # noqa: ANN401 - any settings
        """Return the settings of a service; health answers on any port."""
        return ServiceSettings(
            kafka_bootstrap_servers=self.broker.bootstrap_servers,
            schema_registry_url=self.broker.registry_url,
            state_dir=self.folder,
            session_timeout_ms=6_000,
            log_format="json",
            **given,
        )

    def many(self) -> str:
        """Return the topic of a hundred thousand orders of two thousand customers."""
        return self._fill(ORDERS.name, MANY, CUSTOMERS)

    def few(self) -> str:
        """Return the topic of ten thousand orders of a thousand customers."""
        return self._fill(FEW.name, FEW_ORDERS, FEW_CUSTOMERS)

    @asynccontextmanager
    async def filling_codec(self) -> AsyncIterator[Codec]:
        """Yield a codec for what is produced from here, with a database of its own."""
        with closing(Database(f"sqlite:///{self.folder / 'filling.db'}")) as database:
            database.create(registry_tables.metadata)
            async with self.codec(database) as codec:
                yield codec

    @asynccontextmanager
    async def codec(self, database: Database) -> AsyncIterator[Codec]:
        """Yield a codec that knows every schema of this run."""
        with closing(ConfluentRegistry(self.broker.registry_url)) as registry:
            schemas = Schemas(registry, database)
            kit: list[tuple[Topic, type[Event]]] = [(kind.topic.of(SYSTEM), kind) for kind in RECORDS]
            await schemas.prepare([*((kind.topic, kind) for kind in EVENTS), *kit])
            yield Codec(schemas)

    def _fill(self, topic: str, number: int, customers: int) -> str:
        if topic not in self._filled:
            asyncio.run(self._produce(topic, number, customers))
            self._filled[topic] = number
        return topic

    async def _produce(self, topic: str, number: int, customers: int) -> None:
        servers, what = self.broker.bootstrap_servers, f"{number:,} orders onto {topic}"
        async with self.filling_codec() as codec:
            with self.steps.part(what, number) as told:
                fill(servers, codec, topic=topic, number=number, customers=customers, told=told)


def _inventory() -> Inventory:
    topics = (ORDERS, PARCELS, FEW, PACED, RELAYED, REACTIONS.of(SYSTEM), SERVICES.of(SYSTEM))
    subjects = [Subject.of(kind.topic, kind) for kind in EVENTS]
    subjects += [Subject.of(kind.topic.of(SYSTEM), kind) for kind in RECORDS]
    return Inventory(topics, tuple(subjects))
