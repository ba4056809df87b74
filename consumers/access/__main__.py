"""Run Access: `python -m consumers.access`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from choreography import SystemClock, run
from consumers.access.ports import CriticalAccess, Ports
from consumers.access.scim import ScimAccessDirectory
from consumers.access.scim_client import ScimClient, connection
from consumers.access.service import service
from consumers.access.settings import Settings


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the directory, and say what is critical in it."""
    critical = CriticalAccess(
        system=settings.scim_system,
        groups=settings.critical_groups,
        protected=frozenset(settings.protected_accounts),
    )
    async with connection(settings.scim_url, settings.scim_token.get_secret_value()) as http:
        yield Ports(directory=ScimAccessDirectory(ScimClient(http), SystemClock()), critical=critical)


if __name__ == "__main__":
    run(service, open_ports, Settings)
