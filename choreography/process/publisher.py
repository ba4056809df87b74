"""Everything that stating facts needs: a database with an outbox, schema ids, a relay with a warm producer, health.

The first record that leaves is the manifest of whoever starts: it says who is there, and it has the producer fetch
its id (half a second) before anything is accepted.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog
from sqlalchemy import MetaData

from choreography.clock import Clock, SystemClock
from choreography.database.database import Database, create_missing
from choreography.database.waiting import PatientDatabase
from choreography.declare.event import Event
from choreography.declare.topic import Topic
from choreography.errors import InvalidSettings, Stopped, noting
from choreography.health import Health, HealthServer
from choreography.kafka.cluster import KafkaCluster
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import Outbox
from choreography.outbox.producer import KafkaProducer
from choreography.outbox.relay import Relay
from choreography.process.needs import Needs
from choreography.process.preflight import PART as BROKER
from choreography.process.preflight import preflight
from choreography.records import SERVICES, ServiceManifest
from choreography.records.manifest import manifest_of_source
from choreography.retries import Backoff, unless
from choreography.settings import ServiceSettings
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registration import PART as REGISTRY
from choreography.wire.registration import prepared, with_schemas
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import ConfluentRegistry

log = structlog.stdlib.get_logger(__name__)

PRODUCER: Final = "producer"


@dataclass(frozen=True)
class Publisher:
    """What states facts.

    Attributes:
        database: where business rows and outbox rows are written, in one transaction.
        outbox: `outbox.add(tx, event)` inside the transaction.
        health: `health.set("intake", True)`.
        relay: publishes what waits.
        codec: reads and writes events.
    """

    database: Database
    outbox: Outbox
    health: Health
    relay: Relay
    codec: Codec


@asynccontextmanager
async def open_publisher(
    settings: ServiceSettings,
    *,
    name: str,
    source: str,
    publishes: Sequence[type[Event]],
    also: Sequence[tuple[Topic, type[Event]]] = (),
    tables: Sequence[MetaData] = (),
    manifest: ServiceManifest | None = None,
    awaits: Sequence[str] = (),
    needs: Needs | None = None,
    clock: Clock | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Publisher]:
    """Open what stating facts needs; on leaving, publish what waits and close it.

    Waits, not ready, while the cluster or the database cannot be used, while the registry is away and the schema ids
    are not known yet, and until the broker has taken the first record.

    Args:
        settings: where things are.
        name: the group, or a name of the same form: it names the database file.
        source: the CloudEvents source, such as `/ems/hr`.
        publishes: the events that will be stated.
        also: the kit's records that will be stated, with their topics.
        tables: further tables of this process.
        manifest: what is promised; by default that the events are stated.
        awaits: the parts of the process that must be in order, too, before it counts as ready.
        needs: what the process needs beside the topics of what it states.
        clock: tells the time.
        stop: ends the waiting.

    Raises:
        InvalidSettings: the configuration cannot work or an event is not registered, with every reason; or else the
            database is not one that this version can use.
        Stopped: `stop` was set while it waited.
    """
    clock = clock or SystemClock()
    until_stopped = partial(unless, stop or asyncio.Event(), Stopped)
    async with AsyncExitStack() as stack:
        health = Health()
        for part in (BROKER, REGISTRY, PRODUCER, *awaits):
            health.set(part, False, "Starting.")
        problems = list(needs.problems if needs else ())
        with noting(problems):
            server = stack.enter_context(HealthServer(health, settings.health_port))
            log.info("health.opened", port=server.port)
        services = SERVICES.of(name.partition(".")[0])
        kinds: list[tuple[Topic, type[Event]]] = [
            *((kind.topic, kind) for kind in publishes),
            *also,
            (services, ServiceManifest),
        ]
        wanted = replace((needs or Needs()).and_writes(topic.name for topic, _ in kinds), problems=problems)
        cluster = KafkaCluster(settings.connection(), name)
        try:
            await until_stopped(preflight(settings, wanted, cluster, health=health, clock=clock))
        except InvalidSettings as error:
            raise await until_stopped(with_schemas(error, settings, kinds, clock)) from error
        database = Database(settings.database_for(name))
        stack.callback(database.close)
        needed = (outbox_tables.metadata, registry_tables.metadata, *tables)
        patient = PatientDatabase(database, health, clock, Backoff())
        await until_stopped(patient.run(lambda tx: create_missing(tx, *needed)))
        registry = ConfluentRegistry(settings.schema_registry_url)
        stack.callback(registry.close)
        schemas = Schemas(registry, database)
        await until_stopped(prepared(schemas, kinds, health, clock))
        codec = Codec(schemas)
        outbox = Outbox(codec, source, clock)
        relay = Relay(database, KafkaProducer(settings.connection(), name), clock, health)
        outbox.wake = relay.wake
        relay.start()
        stack.push_async_callback(asyncio.to_thread, relay.stop, settings.drain_seconds)
        publisher = Publisher(database, outbox, health, relay, codec)
        said = manifest or manifest_of_source(name, publishes, clock.now())
        await until_stopped(_warmed_up(publisher, said, services))
        yield publisher


async def _warmed_up(publisher: Publisher, manifest: ServiceManifest, topic: Topic) -> None:
    publisher.health.set(PRODUCER, False, "Waiting for the broker to take the first record.")
    row = await publisher.database.run(lambda tx: publisher.outbox.add(tx, manifest, topic=topic))
    await publisher.relay.published(row)
    publisher.health.set(PRODUCER, True)
