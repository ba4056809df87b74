"""Reading records, patiently: a registry that is away is waited for."""

from collections.abc import Mapping

import structlog

from choreography.consume.lane import Lane
from choreography.declare.event import Event
from choreography.errors import RegistryUnavailable
from choreography.retries import Backoff
from choreography.wire.codec import Codec
from choreography.wire.record import Record

log = structlog.stdlib.get_logger(__name__)


class Reader:
    """Reads the events of a service.

    Args:
        codec: decodes.
        kinds: the events, by Avro full name.
        backoff: how long to wait for the registry.
    """

    def __init__(self, codec: Codec, kinds: Mapping[str, type[Event]], backoff: Backoff) -> None:
        self._codec = codec
        self._kinds = kinds
        self._backoff = backoff

    async def read(self, record: Record, lane: Lane) -> Event | None:
        """Return the event of a record; `None` for a type that the service does not know.

        Raises:
            Poison: it can never be read.
            ClaimLost: the partition is to be given up while the registry is waited for.
        """
        attempt = 0
        while True:
            try:
                return await self._codec.decode(record.value, self._kinds, topic=record.topic)
            except RegistryUnavailable as error:
                attempt += 1
                log.warning("registry.unavailable", reason=str(error), topic=record.topic, offset=record.offset)
                await lane.rest(self._backoff.after(attempt))
