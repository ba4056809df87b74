"""What is stated has to be registered: its schema ids are known before anything is, or the start is refused."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Final, TypeAlias

import structlog

from choreography.clock import Clock
from choreography.declare.event import Event
from choreography.declare.topic import Topic
from choreography.errors import InvalidSettings, RegistryUnavailable, noting
from choreography.health import Health
from choreography.retries import Backoff, look_again
from choreography.settings import ServiceSettings
from choreography.wire.registry import Schemas, unregistered
from choreography.wire.schema_client import ConfluentRegistry, SchemaClient
from choreography.wire.subject import Subject

log = structlog.stdlib.get_logger(__name__)

PART: Final = "registry"
Kinds: TypeAlias = Sequence[tuple[Topic, type[Event]]]


async def prepared(schemas: Schemas, kinds: Kinds, health: Health, clock: Clock) -> None:
    """Return when all ids are known; wait while the registry is away.

    Raises:
        InvalidSettings: with a reason per schema that is not registered, a moment later neither.
    """
    look = partial(_prepare, schemas, kinds, health, clock)
    if reasons := await look_again(await look(), look, is_lacking=bool, clock=clock):
        raise InvalidSettings(reasons)
    health.set(PART, True)


async def with_schemas(
    refusal: InvalidSettings, settings: ServiceSettings, kinds: Kinds, clock: Clock
) -> InvalidSettings:
    """Add to a refusal what the registry lacks, which would be the next one."""
    reasons = list(refusal.reasons)
    with noting(reasons), closing(ConfluentRegistry(settings.schema_registry_url)) as registry:
        look = partial(not_registered, registry, kinds)
        reasons += await look_again(await look(), look, is_lacking=bool, clock=clock)
    return InvalidSettings(tuple(reasons))


async def not_registered(client: SchemaClient, kinds: Kinds) -> tuple[str, ...]:
    """Return a reason per schema that the registry does not know; none while it cannot be asked."""
    wanted = {Subject.of(topic, kind) for topic, kind in kinds}
    try:
        missing = [ours.name for ours in wanted if await client.id_of(ours) is None]
    except RegistryUnavailable:
        return ()
    return tuple(map(unregistered, sorted(missing)))


async def _prepare(schemas: Schemas, kinds: Kinds, health: Health, clock: Clock) -> tuple[str, ...]:
    """Return why what is to be stated cannot be; nothing once all ids are known."""
    backoff, attempt = Backoff(), 0
    while True:
        try:
            await schemas.prepare(kinds)
        except InvalidSettings as error:
            return error.reasons
        except RegistryUnavailable as error:
            attempt += 1
            log.warning("registry.unavailable", reason=str(error), attempt=attempt)
            health.set(PART, False, f"{error} Waiting: the schema ids are not known here yet.")
            await clock.sleep(backoff.after(attempt))
        else:
            return ()
