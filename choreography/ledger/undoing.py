"""Looking ahead: has a later event of the same case undone this one before it had an effect?

Later is what has been fetched of the same lane, and what was seen ahead of it (see `choreography.kafka.look_ahead`).
What a header says is believed only once the record has been decoded.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from choreography.declare.event import Event
from choreography.declare.reaction import Reaction
from choreography.errors import Poison, RegistryUnavailable
from choreography.wire.codec import Codec
from choreography.wire.headers import Envelope
from choreography.wire.record import Record


class Undoing(NamedTuple):
    """The later event that makes an effect pointless."""

    event_id: UUID
    event_type: str


class LookAhead:
    """Finds what undoes an event.

    Args:
        codec: reads the later records.
        kinds: the events of the service, by Avro full name.
    """

    def __init__(self, codec: Codec, kinds: Mapping[str, type[Event]]) -> None:
        self._codec = codec
        self._kinds = kinds

    async def undone_by(self, event: Event, reaction: Reaction[Any], later: Iterable[Record]) -> Undoing | None:
        """Return the first later event of the same case that makes the reaction pointless."""
        wanted = {kind.ce_type() for kind in reaction.unless}
        for record in later if wanted else ():
            said = Envelope.of(record).type
            if said is not None and said not in wanted:
                continue
            found = await self._decoded(record)
            if (
                isinstance(found, reaction.unless)
                and found.correlation == event.correlation
                and found.order > event.order
            ):
                return Undoing(found.event_id, found.ce_type())
        return None

    async def _decoded(self, record: Record) -> Event | None:
        try:
            return await self._codec.decode(record.value, self._kinds, topic=record.topic)
        except (Poison, RegistryUnavailable):
            return None
