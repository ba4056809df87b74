"""A codec that needs no registry on a network."""

from collections.abc import Sequence

from choreography import Database, Event
from choreography import registry as registry_tables
from choreography.codec import Codec
from choreography.registry import Schemas
from choreography.schema_client import FakeRegistry
from choreography.subject import Subject


async def offline_codec(database: Database, kinds: Sequence[type[Event]]) -> Codec:
    """Return a codec of these events; the ids of their schemas are kept in the database."""
    database.create(registry_tables.metadata)
    registry = FakeRegistry()
    registry.register(*(Subject.of(kind.topic, kind) for kind in kinds))
    schemas = Schemas(registry, database)
    await schemas.prepare([(kind.topic, kind) for kind in kinds])
    return Codec(schemas)
