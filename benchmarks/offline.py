"""A codec that needs no registry on a network."""

from collections.abc import Sequence

from choreography import Database, Event
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from choreography.wire.subject import Subject


async def offline_codec(database: Database, kinds: Sequence[type[Event]]) -> Codec:
    """Return a codec of these events; the ids of their schemas are kept in the database."""
    database.create(registry_tables.metadata)
    registry = FakeRegistry()
    registry.register(*(Subject.of(kind.topic, kind) for kind in kinds))
    schemas = Schemas(registry, database)
    await schemas.prepare([(kind.topic, kind) for kind in kinds])
    return Codec(schemas)
