"""A shop with a registry in memory and a database of its own."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from choreography import Event
from choreography.database.database import Database
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas, metadata
from choreography.wire.schema_client import FakeRegistry
from choreography.wire.subject import Subject
from tests.contract.shop.facts import TOPIC, OrderPlaced, OrderShipped

ORDER: Final = "shop.orders.OrderPlaced"
KINDS: Final[Mapping[str, type[Event]]] = {ORDER: OrderPlaced}
PUBLISHED: Final = ((TOPIC, OrderPlaced), (TOPIC, OrderShipped))


@dataclass
class Shop:
    """Everything that reads and writes the shop's records."""

    database: Database
    registry: FakeRegistry = field(default_factory=FakeRegistry)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what was in memory."""
        self.schemas = Schemas(self.registry, self.database)
        self.codec = Codec(self.schemas)

    def open(self) -> None:
        """Register and prepare what the shop publishes."""
        self.registry.register(*(Subject.of(topic, kind) for topic, kind in PUBLISHED))
        asyncio.run(self.schemas.prepare(PUBLISHED))

    def read(self, value: bytes | None, kinds: Mapping[str, type[Event]] = KINDS) -> Event | None:
        """Decode, asking the registry where needed."""
        return asyncio.run(self.codec.decode(value, kinds, topic=TOPIC.name))

    def frame(self, schema: Any, body: bytes) -> bytes:
        """Frame a body as somebody does who has registered a schema of their own."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        (number,) = self.registry.register(Subject(f"{TOPIC.name}-{ORDER}", text))
        return b"\x00" + number.to_bytes(4, "big") + body


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """Open a shop whose database is a file in the folder."""
    database = Database(f"sqlite:///{folder / 'shop.db'}")
    database.create(metadata)
    try:
        shop = Shop(database)
        shop.open()
        yield shop
    finally:
        database.close()
