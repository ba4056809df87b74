"""A warehouse as a process of its own, which can be killed: `python -m tests.shop.member`.

Each effect is a line in the file `EFFECTS`, flushed to the disk; while the file `WAIT` exists, a handler that has begun
waits for it to go.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from choreography import Effect, Service, ServiceSettings, on, run
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, of_system


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    system: str
    effects: Path
    wait: Path


class DiskStore(Store):
    """A target whose effects outlive the process."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    async def keep(self, what: str) -> None:
        self.write(f"begun {what}")
        while self._settings.wait.exists():
            await asyncio.sleep(0.01)
        self.write(f"done {what}")

    def write(self, line: str) -> None:
        with self._settings.effects.open("a", encoding="utf-8") as file:
            file.write(f"{line} {os.getpid()}\n")
            file.flush()
            os.fsync(file.fileno())


def warehouse(system: str) -> Service[Ports]:
    packed = of_system(ParcelPacked, system)

    async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        assert isinstance(ports.store, DiskStore)
        await ports.store.keep(event.customer_id)
        return packed(parcel=event.article)

    reaction = on(of_system(OrderPlaced, system), pack, publishes=(packed,), target="store")
    return Service(group=f"{system}.warehouse", starts="earliest", reactions=[reaction])


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    yield Ports(DiskStore(settings))


if __name__ == "__main__":
    run(warehouse(os.environ["SHOP_SYSTEM"]), open_ports, Settings)
