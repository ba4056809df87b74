"""The process of FastStream: a subscriber per message, as its documentation has it, with a handler that does nothing.

Run by `benchmarks.kit.peer_process` in an environment of its own: `… servers registry database topic warm number`.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from uuid import uuid4

from benchmarks.kit.span import Moment
from benchmarks.kit.unledgered import KINDS
from benchmarks.kit.words import OrderPlaced
from choreography.database.database import Database
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import ConfluentRegistry


async def run(arguments: Sequence[str]) -> None:
    """Read so many orders; print how long they took."""
    from faststream.confluent import KafkaBroker, KafkaMessage  # type: ignore[import-not-found]  # noqa: PLC0415 - there

    servers, registry, database, topic = arguments[:4]
    warm, number = (int(one) for one in arguments[4:])
    schemas = Database(f"sqlite:///{database}")
    schemas.create(registry_tables.metadata)
    codec = Codec(Schemas(ConfluentRegistry(registry), schemas))
    over = asyncio.Event()
    moments: dict[int, Moment] = {}
    seen = 0

    async def decode(message: KafkaMessage) -> object:
        return await codec.decode(message.body, KINDS, topic=topic)

    broker = KafkaBroker(servers)

    @broker.subscriber(topic, group_id=f"bench.peer-{uuid4().hex[:8]}", auto_offset_reset="earliest", decoder=decode)  # type: ignore[untyped-decorator]
    async def handle(_event: OrderPlaced) -> None:
        nonlocal seen
        seen += 1
        if seen in (warm, warm + number):
            moments[seen] = Moment.now()
            if len(moments) == 2:
                over.set()

    await broker.start()
    await over.wait()
    await broker.stop()
    print(json.dumps(asdict(moments[warm].until(moments[warm + number], number))))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:]))
