"""EMS as a process: `python -m producers.ems`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from choreography import (
    INTAKE,
    Event,
    IntakeRefused,
    SystemClock,
    Topic,
    inbox_needs,
    open_inbox,
    open_publisher,
    run_process,
)
from producers.ems import store
from producers.ems.api import create_app
from producers.ems.departures import PART as DEPARTURES
from producers.ems.departures import Departures
from producers.ems.intake import Intake
from producers.ems.server import serve
from producers.ems.settings import Settings
from producers.ems.signatures import Signatures
from producers.ems.topic import GROUP, STATED_ON, TopicIntake
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

ALSO: Final[Sequence[tuple[Topic, type[Event]]]] = ((STATED_ON, IntakeRefused),)


async def take_requests(settings: Settings, stop: asyncio.Event) -> None:
    """Take requests, and state departures, until `stop` is set; then end what is in flight, and publish it."""
    clock = SystemClock()
    async with open_publisher(
        settings,
        name=NAME,
        source="/ems",
        publishes=STATES,
        also=ALSO,
        tables=[store.metadata],
        awaits=["intake", DEPARTURES],
        needs=inbox_needs(GROUP, TOPIC, settings, NAME),
        clock=clock,
        stop=stop,
    ) as publisher:
        intake = Intake(publisher.database, publisher.outbox, clock, settings.time_zone)
        app = create_app(intake, Signatures([secret.get_secret_value() for secret in settings.webhook_secrets]))
        departures = Departures(publisher.database, publisher.outbox, clock, publisher.health)
        on_topic = TopicIntake(intake, publisher.database, publisher.outbox, clock)
        async with (
            open_inbox(settings, group=GROUP, topic=TOPIC, take=on_topic.take, health=publisher.health) as inbox,
            _beside(departures.watch()),
            serve(app, settings.intake_host, settings.intake_port, drain_seconds=settings.drain_seconds) as address,
        ):
            publisher.health.set("intake", True, address)
            log.info("intake.opened", address=address)
            await _first(stop, inbox)
            publisher.health.set("intake", False, "Shutting down; no new requests are taken.")
        if not inbox.cancelled():
            inbox.result()


async def _first(stop: asyncio.Event, ended: "asyncio.Future[None]") -> None:
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have the work done while the block runs."""
    doing = asyncio.create_task(work)
    try:
        yield
    finally:
        doing.cancel()
        with suppress(asyncio.CancelledError):
            await doing


if __name__ == "__main__":
    sys.exit(run_process(Settings, NAME, take_requests))
