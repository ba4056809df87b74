"""Serving: what a service consists of, opened in order, and the consumer last."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

import structlog

from choreography import ledger as ledger_tables
from choreography import positions as position_tables
from choreography.client import consumer_config
from choreography.clock import Clock, SystemClock
from choreography.errors import InvalidSettings
from choreography.event import Event
from choreography.journal import Journal
from choreography.kafka import KafkaConsumer
from choreography.ledger import Ledger
from choreography.manifest import manifest_of
from choreography.positions import ledger_id
from choreography.publisher import Publisher, open_publisher
from choreography.reaction import P
from choreography.records import REACTIONS, LedgerBegan, ReactionDecided, ReactionHeld, ReactionSkipped
from choreography.retries import Backoff
from choreography.service import Service
from choreography.settings import ServiceSettings
from choreography.subscription import PART, Subscription
from choreography.topic import Topic
from choreography.worker import Worker

log = structlog.stdlib.get_logger(__name__)

S = TypeVar("S", bound=ServiceSettings)
LEAVE_SECONDS: Final = 10.0  # for leaving the group; a broker that is away must not keep the process


async def serve(
    service: Service[P], open_ports: Callable[[S], AbstractAsyncContextManager[P]], settings: S, stop: asyncio.Event
) -> None:
    """Run a service until `stop` is set."""
    clock = SystemClock()
    reactions = REACTIONS.of(service.system)
    stated: tuple[type[Event], ...] = (ReactionSkipped, ReactionHeld, ReactionDecided, LedgerBegan)
    also: list[tuple[Topic, type[Event]]] = [(reactions, kind) for kind in stated]
    tables = (ledger_tables.metadata, position_tables.metadata)
    async with (
        open_publisher(
            settings,
            name=service.group,
            source=f"/{service.system}/{service.name}",
            publishes=service.publishes,
            also=also,
            tables=tables,
            manifest=manifest_of(service, clock.now()),
            awaits=(PART,),
            clock=clock,
            stop=stop,
        ) as publisher,
        open_ports(settings) as ports,
    ):
        _check_ports(service, ports)
        await publisher.database.run(lambda tx: ledger_id(tx, service.group))
        await _consume(service, ports, settings, publisher, clock=clock, stop=stop)


async def _consume(
    service: Service[P],
    ports: P,
    settings: ServiceSettings,
    publisher: Publisher,
    *,
    clock: Clock,
    stop: asyncio.Event,
) -> None:
    backoff = Backoff()
    journal = Journal(
        service.group,
        database=publisher.database,
        ledger=Ledger(clock),
        outbox=publisher.outbox,
        health=publisher.health,
        clock=clock,
        backoff=backoff,
    )
    worker = Worker(
        service,
        ports,
        codec=publisher.codec,
        journal=journal,
        published=publisher.relay.published,
        handler_seconds=settings.handler_seconds,
        max_in_flight=settings.max_in_flight,
        backoff=backoff,
    )
    subscription = Subscription(
        worker,
        journal,
        publisher.health,
        starts=service.starts,
        drain_seconds=settings.drain_seconds,
        fence_seconds=settings.session_timeout_ms / 1_000 + 1,
    )
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    consumer = KafkaConsumer(
        consumer_config(settings.kafka_bootstrap_servers, service.group, service.group, settings.session_timeout_ms),
        [topic.name for topic in service.topics],
        subscription,
        _teller(ended),
    )
    subscription.consumer = consumer
    consumer.start()
    log.info("service.started", group=service.group, topics=[topic.name for topic in service.topics])
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    publisher.health.set(PART, False, "Shutting down; nothing new is begun.")
    consumer.stop()
    await asyncio.to_thread(consumer.join, settings.drain_seconds + LEAVE_SECONDS)
    if ended.done():
        ended.result()
    if consumer.is_alive():
        log.warning("group.not_left", reason="the broker did not answer in time; it notices by the session time-out")


def _teller(ended: "asyncio.Future[None]") -> Callable[[BaseException], None]:
    loop = ended.get_loop()

    def tell(error: BaseException) -> None:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_exception(error))

    return tell


def _check_ports(service: Service[P], ports: P) -> None:
    named = {name for reaction in service.reactions for name in (reaction.target, *reaction.reads)}
    missing = sorted(name for name in named if not hasattr(ports, name))
    if missing:
        raise InvalidSettings(
            tuple(f"{service.group} names the port {name!r}, which {type(ports).__name__} has not." for name in missing)
        )
