"""EMS as a process: `python -m producers.ems`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from choreography import SystemClock, open_publisher, run_process
from producers.ems import store
from producers.ems.api import create_app
from producers.ems.departures import PART as DEPARTURES
from producers.ems.departures import Departures
from producers.ems.intake import Intake
from producers.ems.reception import Reception
from producers.ems.server import serve
from producers.ems.settings import Settings
from producers.ems.signatures import Signatures
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
STATES: Final = (
    EmployeeResigned,
    ResignationWithdrawn,
    LastWorkingDayChanged,
    EmployeeRetained,
    ExitConfirmed,
    ExitCaseVoided,
    EmployeeDeparted,
)


async def take_requests(settings: Settings, stop: asyncio.Event) -> None:
    """Take requests, and state departures, until `stop` is set; then end what is in flight, and publish it."""
    clock = SystemClock()
    async with open_publisher(
        settings,
        name=NAME,
        source="/ems",
        publishes=STATES,
        tables=[store.metadata],
        awaits=["intake", DEPARTURES],
        clock=clock,
        stop=stop,
    ) as publisher:
        intake = Intake(publisher.database, publisher.outbox, clock, settings.time_zone)
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
        departures = Departures(publisher.database, publisher.outbox, clock, publisher.health)
        async with (
            _beside(departures.watch()),
            serve(app, settings.intake_host, settings.intake_port, drain_seconds=settings.drain_seconds) as address,
        ):
            publisher.health.set("intake", True, address)
            log.info("intake.opened", address=address)
            await stop.wait()
            publisher.health.set("intake", False, "Shutting down; no new requests are taken.")


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
