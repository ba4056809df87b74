"""What Facilities needs from the world."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class ServiceDesk(Protocol):
    """Where tickets are opened."""

    async def open_ticket(self, *, key: UUID, employee_id: str) -> str:
        """Open the one ticket of this key, and return its number."""
        ...


@dataclass(frozen=True)
class Ports:
    """The ports of this service."""

    desk: ServiceDesk
