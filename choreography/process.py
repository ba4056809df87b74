"""A service as a process: `run(service, open_ports, Settings)` is all that its `__main__.py` says.

It starts in an order in which nothing can be lost: settings, database, schema ids, producer, ports, and only then the
consumer. SIGTERM, SIGINT and SIGHUP end it in the opposite order: what is in flight comes to its end, positions are
stored, the group is left, what waits in the outbox is published.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import structlog

from choreography import ledger as ledger_tables
from choreography import positions as position_tables
from choreography.client import consumer_config
from choreography.clock import Clock, SystemClock
from choreography.errors import ChoreographyError, InvalidSettings, Stopped
from choreography.event import Event
from choreography.journal import Journal
from choreography.kafka import KafkaConsumer
from choreography.ledger import Ledger
from choreography.logs import configure_logs
from choreography.manifest import manifest_of
from choreography.positions import ledger_id
from choreography.publisher import Publisher, open_publisher
from choreography.reaction import P
from choreography.records import REACTIONS, LedgerBegan, ReactionDecided, ReactionHeld, ReactionSkipped
from choreography.retries import Backoff
from choreography.service import Service
from choreography.settings import ServiceSettings, load
from choreography.subscription import PART, Subscription
from choreography.topic import Topic
from choreography.worker import Worker

log = structlog.stdlib.get_logger(__name__)

S = TypeVar("S", bound=ServiceSettings)
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
OK, FAILED, USAGE = 0, 1, 2
LEAVE_SECONDS: Final = 10.0  # for leaving the group; a broker that is away must not keep the process


def run(service: Service[P], open_ports: Callable[[S], AbstractAsyncContextManager[P]], settings: type[S]) -> None:
    """Run a service until it is told to stop; ends the process.

    Exit codes: 0 stopped as asked, 1 it cannot go on, 2 the settings cannot work.

    Args:
        service: the declaration.
        open_ports: opens what the handlers need, from the settings.
        settings: the settings model; read from the environment and the state directory's file `env`.
    """
    sys.exit(run_process(settings, service.group, lambda loaded, stop: serve(service, open_ports, loaded, stop)))


def run_process(settings: type[S], name: str, main: Callable[[S, asyncio.Event], Any]) -> int:
    """Run `main(settings, stop)` until it returns, and return the exit code.

    Args:
        settings: the settings model.
        name: the process, for its logs.
        main: the work; `stop` is set by SIGTERM, SIGINT and SIGHUP.
    """
    try:
        loaded = load(settings)
    except InvalidSettings as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - before there are logs
        return USAGE
    configure_logs(loaded, name=name)
    try:
        asyncio.run(_until_told(lambda stop: main(loaded, stop)))
    except InvalidSettings as error:
        log.error("process.refused", reasons=error.reasons)  # noqa: TRY400 - the reasons say it all
        return USAGE
    except Stopped:
        log.info("process.stopped", before="it had begun")
        return OK
    except ChoreographyError as error:
        log.error("process.failed", reason=str(error))  # noqa: TRY400 - the message says it all
        return FAILED
    except Exception:
        log.exception("process.failed")
        return FAILED
    log.info("process.stopped")
    return OK


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


async def _until_told(main: Callable[[asyncio.Event], Any]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    await main(stop)
