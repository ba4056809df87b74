"""What stands on the topics of a service, decoded: what it was told, what it stated, and what it said beside that."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from choreography.declare.event import Event
from choreography.declare.service import Service
from choreography.errors import Poison
from choreography.kafka.topic_log import Log, Span
from choreography.records import REACTIONS, RECORDS, KitRecord
from choreography.wire.codec import Codec
from choreography.wire.headers import CAUSATION, uuid_of
from choreography.wire.record import Record, TopicPartition
from choreography.wire.registry import SchemaNotKnown

Progress = Callable[[str, int, int], None]
Kinds = Mapping[str, type[Event]]
_SOURCE: Final = "ce_source"
_LINES: Final[Kinds] = {kind.full_name(): kind for kind in RECORDS}


class DecodedLog:
    """Reads the topics of one service, once each.

    Args:
        service: the declaration.
        log: reads the topics.
        codec: reads the records.
        waiting: what still waits in an outbox, as if it had been published last.
        progress: told what is read, how much of it, and how much there is.
    """

    def __init__(
        self, service: Service[Any], log: Log, codec: Codec, waiting: Sequence[Record], progress: Progress
    ) -> None:
        self._service = service
        self._log = log
        self._codec = codec
        self._waiting = waiting
        self._progress = progress
        self._source = f"/{service.system}/{service.name}"

    def input_spans(self) -> dict[TopicPartition, Span]:
        """Return what there is of the topics that the service subscribes to."""
        return self._log.spans(topic.name for topic in self._service.topics)

    async def lines(self) -> AsyncIterator[KitRecord]:
        """Yield what this service said about its reactions."""
        topic = REACTIONS.of(self._service.system).name
        async for record in self._all([topic], "what it said"):
            if record.header(_SOURCE) == self._source:
                line = await self._decoded(record, _LINES)
                if isinstance(line, KitRecord):
                    yield line

    async def facts(self) -> AsyncIterator[tuple[Event, UUID | None]]:
        """Yield what was stated on the topics of this service, with the id of the event that each answers."""
        kinds = {kind.full_name(): kind for kind in self._service.publishes}
        topics = dict.fromkeys(kind.topic.name for kind in self._service.publishes)
        async for record in self._all(topics, "facts"):
            fact = await self._decoded(record, kinds)
            if fact is not None:
                yield fact, uuid_of(record.header(CAUSATION))

    async def events(self, spans: Mapping[TopicPartition, Span]) -> AsyncIterator[tuple[Record, Event | None]]:
        """Yield the events that concern the service; with `None` instead of one what can never be read."""
        kinds = self._service.kinds
        async for record in self._read(spans, "events"):
            try:
                event = await self._decode(record, kinds)
            except Poison:
                yield record, None
            else:
                if event is not None:
                    yield record, event

    async def at(self, places: Mapping[TopicPartition, Iterable[int]]) -> dict[tuple[TopicPartition, int], Record]:
        """Return the records at these places, as far as they still stand there."""
        wanted = {at: frozenset(offsets) for at, offsets in places.items()}
        here = self._log.spans(dict.fromkeys(at.topic for at in wanted))
        spans = {at: (max(min(wanted[at]), here[at][0]), min(max(wanted[at]) + 1, here[at][1])) for at in wanted}
        return {
            (record.at, record.offset): record
            async for record in self._read(spans, "records again")
            if record.offset in wanted[record.at]
        }

    async def _all(self, topics: Iterable[str], what: str) -> AsyncIterator[Record]:
        names = frozenset(topics)
        async for record in self._read(self._log.spans(sorted(names)), what):
            yield record
        for record in self._waiting:
            if record.topic in names:
                yield record

    async def _read(self, spans: Mapping[TopicPartition, Span], what: str) -> AsyncIterator[Record]:
        total, count = sum(max(0, end - start) for start, end in spans.values()), 0
        for batch in self._log.read(spans):
            for record in batch:
                yield record
            count += len(batch)
            self._progress(what, count, max(total, count))

    async def _decoded(self, record: Record, kinds: Kinds) -> Event | None:
        try:
            return await self._decode(record, kinds)
        except Poison:  # anybody may write to a topic; what cannot be read is none of this service's
            return None

    async def _decode(self, record: Record, kinds: Kinds) -> Event | None:
        try:
            return self._codec.decode_known(record.value, kinds)
        except SchemaNotKnown:
            return await self._codec.decode(record.value, kinds, topic=record.topic)
