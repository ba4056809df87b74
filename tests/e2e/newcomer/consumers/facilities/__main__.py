"""Run Facilities: `python -m consumers.facilities`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from choreography import run
from consumers.facilities.http import HttpServiceDesk
from consumers.facilities.ports import Ports
from consumers.facilities.service import service
from consumers.facilities.settings import Settings


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the service desk."""
    async with HttpServiceDesk(settings.desk_url) as desk:
        yield Ports(desk=desk)


if __name__ == "__main__":
    run(service, open_ports, Settings)
