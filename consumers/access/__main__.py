"""Run Access: `python -m consumers.access`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from choreography import SystemClock, run
from consumers.access.ports import CriticalAccess, Ports
from consumers.access.scim import ScimAccessDirectory, known_by
from consumers.access.service import service
from consumers.access.settings import Settings
from consumers.shared.directory import connection


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the directory, and say what is critical in it."""
    policy = settings.access_policy
    critical = CriticalAccess(
        system=settings.scim_system,
        groups=tuple(policy.critical_groups),
        protected=policy.protected_accounts,
        mass=policy.mass_brake.mass(),
        deactivates_high_risk=policy.deactivate_high_risk,
    )
    async with connection(settings.scim_url, settings.scim_token.get_secret_value()) as http:
        directory = ScimAccessDirectory(http, SystemClock(), known_by(policy.employee_id_is))
        yield Ports(directory=directory, headcount=directory, critical=critical)


if __name__ == "__main__":
    run(service, open_ports, Settings)
