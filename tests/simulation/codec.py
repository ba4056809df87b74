"""One codec for all simulated processes: it knows every schema before a history begins."""

from collections.abc import Iterable
from functools import cache

from choreography import Event, Topic
from choreography.records import REACTIONS, RECORDS
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import FakeRegistry
from choreography.wire.subject import Subject
from tests.simulation.database import Disk, SimDatabase
from tests.simulation.process import Process
from tests.simulation.world import World


@cache
def codec_for(system: str, kinds: tuple[type[Event], ...]) -> Codec:
    """Return a codec for the events of one system and the kit's own records."""
    pairs = [*((kind.topic, kind) for kind in kinds), *_kit(system)]
    registry = FakeRegistry()
    registry.register(*(Subject.of(topic, kind) for topic, kind in pairs))
    world = World(0)
    process = Process(world, "codec")
    schemas = Schemas(registry, SimDatabase(process, Disk(registry_tables.metadata)))
    process.begin(schemas.prepare(pairs))
    world.run(lambda: True, steps=10_000, seconds=10)
    return Codec(schemas)


def _kit(system: str) -> Iterable[tuple[Topic, type[Event]]]:
    return [(REACTIONS.of(system), kind) for kind in RECORDS if kind.topic == REACTIONS]
