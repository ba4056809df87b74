"""Serving: what a service consists of, opened in order, and the consumer last."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog

from choreography.clock import Clock, SystemClock
from choreography.consume import brake as brake_tables
from choreography.consume.membership import PART
from choreography.consume.subscription import Subscription
from choreography.declare.event import Event
from choreography.declare.reaction import P
from choreography.declare.service import Service
from choreography.declare.topic import Topic
from choreography.kafka.arrival import arrival_in
from choreography.kafka.config import consumer_config, scout_config
from choreography.kafka.consumer import KafkaConsumer
from choreography.kafka.scout import KafkaScout
from choreography.kafka.watchdog import Watchdog
from choreography.ledger import positions as position_tables
from choreography.ledger import table as ledger_tables
from choreography.ledger.journal import Journal
from choreography.ledger.positions import ledger_id
from choreography.ledger.rows import Ledger
from choreography.process.assembly import Limits, assemble
from choreography.process.needs import needs_of, opened
from choreography.process.publisher import Publisher, open_publisher
from choreography.records import OF_SERVICES, REACTIONS
from choreography.records.manifest import manifest_of
from choreography.retries import Backoff
from choreography.settings import ServiceSettings

log = structlog.stdlib.get_logger(__name__)
S = TypeVar("S", bound=ServiceSettings)

LEAVE_SECONDS: Final = 10.0  # for leaving the group; a broker that is away must not keep the process


async def serve(
    service: Service[P], open_ports: Callable[[S], AbstractAsyncContextManager[P]], settings: S, stop: asyncio.Event
) -> None:
    """Run a service until `stop` is set."""
    clock = SystemClock()
    reactions = REACTIONS.of(service.system)
    also: list[tuple[Topic, type[Event]]] = [(reactions, kind) for kind in OF_SERVICES]
    tables = (ledger_tables.metadata, position_tables.metadata, brake_tables.metadata)
    async with AsyncExitStack() as stack:
        ports, problems = await opened(service, stack, open_ports(settings))
        publisher = await stack.enter_async_context(
            open_publisher(
                settings,
                name=service.group,
                source=f"/{service.system}/{service.name}",
                publishes=service.publishes,
                also=also,
                tables=tables,
                manifest=manifest_of(service, clock.now()),
                awaits=(PART,),
                needs=needs_of(service, settings, problems),
                clock=clock,
                stop=stop,
            )
        )
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
    assembly = assemble(
        service,
        ports,
        codec=publisher.codec,
        journal=journal,
        published=publisher.relay.published,
        health=publisher.health,
        limits=_limits(settings),
        backoff=backoff,
    )
    await assembly.brake.look()
    subscription = Subscription(
        assembly.worker,
        journal,
        publisher.health,
        starts=service.starts,
        drain_seconds=settings.drain_seconds,
        fence_seconds=settings.session_timeout_ms / 1_000 + 1,
    )
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    consumer = KafkaConsumer(
        consumer_config(
            settings.connection(),
            service.group,
            service.group,
            settings.session_timeout_ms,
            settings.group_protocol,
        ),
        [topic.name for topic in service.topics],
        subscription,
        _teller(ended),
        ledger=await publisher.database.run(lambda tx: ledger_id(tx, service.group)),
        watchdog=Watchdog(settings.watchdog_seconds, publisher.health),
        arrival=arrival_in(service.group, settings),
    )
    subscription.consumer = consumer
    scout = _scout(service, settings, subscription, ended)
    settle()
    consumer.start()
    log.info("service.started", group=service.group, topics=[topic.name for topic in service.topics])
    ticking = asyncio.ensure_future(subscription.keep_ticking(assembly.brake.look))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((stopping, ended, ticking), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    publisher.health.set(PART, False, "Shutting down; nothing new is begun.")
    consumer.stop()
    if scout is not None:
        scout.stop()
    await asyncio.to_thread(consumer.join, settings.drain_seconds + LEAVE_SECONDS)
    if scout is not None:
        await asyncio.to_thread(scout.join, LEAVE_SECONDS)
    _end(ticking)
    if ended.done():
        ended.result()
    if consumer.is_alive():
        log.warning("group.not_left", reason="the broker did not answer in time; it notices by the session time-out")


def _scout(
    service: Service[Any], settings: ServiceSettings, subscription: Subscription, ended: "asyncio.Future[None]"
) -> KafkaScout | None:
    """Have somebody read ahead, where the service has anything that can be undone."""
    wanted = {kind.ce_type() for reaction in service.reactions for kind in reaction.unless}
    if not wanted:
        return None
    config = scout_config(settings.connection(), f"{service.group}.scout")
    scout = KafkaScout(config, wanted, subscription.ahead, ended.get_loop().call_soon_threadsafe, _teller(ended))
    subscription.scout = scout
    scout.start()
    return scout


def _limits(settings: ServiceSettings) -> Limits:
    return Limits(
        handler_seconds=settings.handler_seconds,
        max_in_flight=settings.max_in_flight,
        max_per_target=settings.max_in_flight_per_target,
        max_effect_age=timedelta(days=settings.max_effect_age_days),
    )


def _end(ticking: "asyncio.Future[None]") -> None:
    """End the ticking; raise what ended it before."""
    if ticking.done():
        ticking.result()
    ticking.cancel()


def _teller(ended: "asyncio.Future[None]") -> Callable[[BaseException], None]:
    loop = ended.get_loop()

    def tell(error: BaseException) -> None:
        loop.call_soon_threadsafe(lambda: None if ended.done() else ended.set_exception(error))

    return tell


def settle() -> None:
    """Leave what is there now to itself for good, and look at what comes less often; called once all is set up.

    A process holds many thousand objects from start to end, and thousands of records for a moment each: a collector
    that looks at all of them every 700 new objects took half of the time of a backlog (docs/decisions/0028).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, *gc.get_threshold()[1:])
