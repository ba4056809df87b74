"""EMS as a process: `python -m producers.ems`."""

import asyncio
import sys
from typing import Final

import structlog

from choreography import SystemClock, open_publisher, run_process
from producers.ems import store
from producers.ems.api import create_app
from producers.ems.intake import Intake
from producers.ems.server import serve
from producers.ems.settings import Settings
from producers.ems.signatures import Signatures
from schemas.exits import (
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
)


async def take_requests(settings: Settings, stop: asyncio.Event) -> None:
    """Take requests until `stop` is set; then finish those in flight, and publish what was committed."""
    clock = SystemClock()
    async with open_publisher(
        settings,
        name=NAME,
        source="/ems",
        publishes=STATES,
        tables=[store.metadata],
        awaits=["intake"],
        clock=clock,
        stop=stop,
    ) as publisher:
        intake = Intake(publisher.database, publisher.outbox, clock, settings.time_zone)
        app = create_app(intake, Signatures([secret.get_secret_value() for secret in settings.webhook_secrets]))
        async with serve(
            app, settings.intake_host, settings.intake_port, drain_seconds=settings.drain_seconds
        ) as address:
            publisher.health.set("intake", True, address)
            log.info("intake.opened", address=address)
            await stop.wait()
            publisher.health.set("intake", False, "Shutting down; no new requests are taken.")


if __name__ == "__main__":
    sys.exit(run_process(Settings, NAME, take_requests))
