"""EMS as a process: `python -m producers.ems`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from choreography import (
    INTAKE,
    Clock,
    Event,
    Publisher,
    SystemClock,
    Topic,
    inbox_needs,
    open_inbox,
    open_publisher,
    run_process,
)
from producers.ems import departures, forgetting, releases, store
from producers.ems import storage as storing
from producers.ems.api import create_app
from producers.ems.departures import Departures
from producers.ems.forgetting import Forgetting
from producers.ems.intake import Intake
from producers.ems.looking import keep_looking
from producers.ems.reception import Reception
from producers.ems.releases import Releases
from producers.ems.server import serve
from producers.ems.settings import Settings
from producers.ems.signatures import Signatures
from producers.ems.statements import GROUP, KINDS, STATED_ON
from producers.ems.storage import Storage
from producers.ems.topic import TopicIntake
from producers.ems.vendors import VENDORS
from schemas.exits import (
    EmployeeDeparted,
    EmployeeResigned,
    EmployeeRetained,
    ExitCaseVoided,
    ExitConfirmed,
    LastWorkingDayChanged,
    ResignationWithdrawn,
)

log = structlog.stdlib.get_logger(__name__)

NAME: Final = "ems.exits"
TOPIC: Final = INTAKE.of("ems")
STATES: Final = (
    EmployeeResigned,
    ResignationWithdrawn,
    LastWorkingDayChanged,
    EmployeeRetained,
    ExitConfirmed,
    ExitCaseVoided,
    EmployeeDeparted,
)
ALSO: Final[Sequence[tuple[Topic, type[Event]]]] = tuple((STATED_ON, kind) for kind in KINDS)


async def take_requests(settings: Settings, stop: asyncio.Event) -> None:
    """Take requests, and do what is due, until `stop` is set; then end what is in flight, and publish it."""
    clock = SystemClock()
    async with open_publisher(
        settings,
        name=NAME,
        source="/ems",
        publishes=STATES,
        also=ALSO,
        tables=[store.metadata],
        awaits=["intake", departures.PART, releases.PART],
        needs=inbox_needs(GROUP, TOPIC, settings, NAME),
        clock=clock,
        stop=stop,
    ) as publisher:
        database, outbox, health = publisher.database, publisher.outbox, publisher.health
        storage = Storage(database, health)
        intake = Intake(database, outbox, clock, settings.time_zone, storage=storage, brake=settings.intake_brake())
        app = create_app(
            intake,
            Signatures([secret.get_secret_value() for secret in settings.webhook_secrets]),
            clock,
            rate=settings.intake_rate,
            receptions=[
                Reception(VENDORS[name], secrets, clock, settings.time_zone)
                for name, secrets in settings.vendor_secrets().items()
            ],
        )
        on_topic = TopicIntake(intake, database, outbox, clock)
        async with (
            open_inbox(settings, group=GROUP, topic=TOPIC, take=on_topic.take, health=health) as inbox,
            _beside(*_due(settings, publisher, storage, clock)),
            serve(app, settings.intake_host, settings.intake_port, drain_seconds=settings.drain_seconds) as address,
        ):
            health.set("intake", True, address)
            log.info("intake.opened", address=address)
            await _first(stop, inbox)
            health.set("intake", False, "Shutting down; no new requests are taken.")
        if not inbox.cancelled():
            inbox.result()


def _due(
    settings: Settings, publisher: Publisher, storage: Storage, clock: Clock
) -> Sequence[Coroutine[Any, Any, None]]:
    """Return what EMS does by itself."""
    database, outbox = publisher.database, publisher.outbox
    looks = (
        (Departures(database, outbox, clock).look, departures.PART, departures.LOOK_SECONDS),
        (Releases(database, outbox, clock, settings.time_zone).look, releases.PART, releases.LOOK_SECONDS),
        (Forgetting(database, clock, settings.intake_memory_days).look, forgetting.PART, forgetting.LOOK_SECONDS),
        (storage.look, storing.PART, storing.LOOK_SECONDS),
    )
    return [
        keep_looking(look, part=part, seconds=seconds, clock=clock, health=publisher.health)
        for look, part, seconds in looks
    ]


async def _first(stop: asyncio.Event, ended: "asyncio.Future[None]") -> None:
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


@asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have all this done while the block runs."""
    doing = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for one in doing:
            one.cancel()
        await asyncio.gather(*doing, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(run_process(Settings, NAME, take_requests))
