"""What the topics say of one person: where the last record stands, which cases there are, and what else was made.

Every record of every topic is read once; only those about the person are decoded.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from choreography import Database, Event
from choreography.declare import catalog
from choreography.errors import Poison
from choreography.kafka.config import scout_config
from choreography.kafka.topic_log import Span, TopicLog
from choreography.rebuild.decoded_log import Progress
from choreography.settings import ServiceSettings
from choreography.wire.codec import Codec
from choreography.wire.record import Record, TopicPartition
from choreography.wire.registry import Schemas
from choreography.wire.registry import metadata as registry_tables
from choreography.wire.schema_client import ConfluentRegistry
from infra.inventory import inventory
from schemas import ExitEvent
from schemas.exits import TOPIC as EXITS
from schemas.exits import EmployeeDeparted, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn

_ENDINGS: Final = (EmployeeDeparted, EmployeeRetained, ExitCaseVoided, ResignationWithdrawn)
_MAIL, _ENTRY = "message_id", "ical_uid"


@dataclass
class Traces:
    """What the topics say of a person.

    Attributes:
        records: how many there are on each topic.
        newest: when the last one was written, on each topic.
        last: where the last one stands in each partition.
        ends: how far each partition has been read.
        cases: every case, and whether it is over.
        mails: the Message-IDs of mails that were sent.
        entries: the UIDs of entries in calendars.
    """

    records: dict[str, int] = field(default_factory=dict)
    newest: dict[str, datetime] = field(default_factory=dict)
    last: dict[TopicPartition, int] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    cases: dict[UUID, bool] = field(default_factory=dict)
    mails: dict[str, None] = field(default_factory=dict)
    entries: dict[str, None] = field(default_factory=dict)

    @property
    def open(self) -> list[UUID]:
        """The cases that are not over."""
        return [case for case, is_over in self.cases.items() if not is_over]

    def add(self, record: Record, event: Event | None) -> None:
        """Take a record of this person, and what it says as far as it can be read."""
        at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        self.records[record.topic] = self.records.get(record.topic, 0) + 1
        self.newest[record.topic] = max(at, self.newest.get(record.topic, at))
        self.last[record.at] = record.offset
        if isinstance(event, ExitEvent):
            if event.topic == EXITS:
                self.cases[event.case_id] = self.cases.get(event.case_id, False) or isinstance(event, _ENDINGS)
            for name, kept in ((_MAIL, self.mails), (_ENTRY, self.entries)):
                if found := getattr(event, name, None):
                    kept[found] = None


class TraceReader:
    """Reads the topics of a cluster.

    Args:
        settings: where the broker and the registry are.
        progress: told how far it is.
    """

    def __init__(self, settings: ServiceSettings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._topics = tuple(topic.name for topic in inventory().topics)
        self._kinds: Mapping[str, type[Event]] = {kind.full_name(): kind for kind in catalog.events("schemas")}

    def read(self, employee_id: str) -> Traces:
        """Return what there is of a person now.

        Raises:
            NoAnswer: the broker is away, or lacks a topic.
            RegistryUnavailable: the registry is away.
        """
        traces = Traces()
        with TopicLog(scout_config(self._settings.connection(), "ems.erase")) as log:
            spans = log.spans(self._topics)
            found = self._of(employee_id, log, spans, "topics")
        for record, event in zip(found, asyncio.run(self._decoded(found)), strict=True):
            traces.add(record, event)
        traces.ends = {at: end for at, (_, end) in spans.items()}
        return traces

    def is_news(self, employee_id: str, since: Traces) -> bool:
        """Return whether something was stated about a person since.

        Raises:
            NoAnswer: the broker is away.
        """
        with TopicLog(scout_config(self._settings.connection(), "ems.erase")) as log:
            spans = {at: (since.ends.get(at, start), end) for at, (start, end) in log.spans(self._topics).items()}
            return bool(self._of(employee_id, log, spans, "what has come since"))

    def _of(self, employee_id: str, log: TopicLog, spans: Mapping[TopicPartition, Span], what: str) -> list[Record]:
        found: list[Record] = []
        total, count = sum(max(0, end - start) for start, end in spans.values()), 0
        for batch in log.read(spans):
            found += (record for record in batch if is_about(record, employee_id))
            count += len(batch)
            self._progress(what, count, max(total, count))
        return found

    async def _decoded(self, records: Iterable[Record]) -> list[Event | None]:
        registry, database = ConfluentRegistry(self._settings.schema_registry_url), Database("sqlite://")
        try:
            await database.run(registry_tables.create_all)
            codec = Codec(Schemas(registry, database))
            return [await _event(codec, record, self._kinds) for record in records]
        finally:
            registry.close()
            database.close()


def is_about(record: Record, employee_id: str) -> bool:
    """Return whether a record is about a person: by its key, or, where a foreign system asks in JSON, by its body."""
    if record.key == employee_id.encode():
        return True
    if not (record.value or b"").lstrip().startswith(b"{"):  # ours are Avro, and begin with a zero
        return False
    try:
        body = json.loads(record.value or b"")
    except (ValueError, RecursionError):  # anybody may write to a topic
        return False
    said = body.get("body", body) if isinstance(body, dict) else None  # in an envelope, or alone
    return isinstance(said, dict) and said.get("employee_id") == employee_id


async def _event(codec: Codec, record: Record, kinds: Mapping[str, type[Event]]) -> Event | None:
    try:
        return await codec.decode(record.value, kinds, topic=record.topic)
    except Poison:  # anybody may write to a topic
        return None
