"""The headers of a record: CloudEvents 1.0, Kafka protocol binding, binary mode.

They repeat what the body holds, on purpose: console tools, routers and the look-ahead see type, matter and cause
without decoding Avro. Reading is lenient, since anybody may write headers: what cannot be understood counts as
missing, and what a header says is believed only once its record has been decoded.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Final, NamedTuple, Self
from uuid import UUID

from choreography.declare.event import Event
from choreography.declare.topic import Topic
from choreography.wire.record import Record

ID: Final = "ce_id"
TYPE: Final = "ce_type"
SUBJECT: Final = "ce_subject"
SEQUENCE: Final = "ce_sequence"
CORRELATION: Final = "ce_correlationid"
CAUSATION: Final = "ce_causationid"

_READ: Final = frozenset({ID, TYPE, SUBJECT, SEQUENCE, CAUSATION})
_UUID_LENGTH: Final = 36
_LONG_DIGITS: Final = 18  # more cannot be a 64-bit count


def cloud_event(event: Event, topic: Topic, *, source: str, causation: UUID | None) -> list[tuple[str, bytes | None]]:
    """Return the headers of an event.

    Args:
        event: stamped.
        topic: where it is published.
        source: who states it, such as `/ems/hr`.
        causation: the id of the event that this one answers, if it answers one.
    """
    correlation = str(event.correlation)
    values = {
        "content-type": "application/avro",
        "ce_specversion": "1.0",
        ID: str(event.event_id),
        "ce_source": source,
        TYPE: f"{event.full_name()}.{topic.version}",
        SUBJECT: correlation,
        "ce_time": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        SEQUENCE: str(event.order),
        CORRELATION: correlation,
    }
    if causation is not None:
        values[CAUSATION] = str(causation)
    return [(name, value.encode()) for name, value in values.items()]


class Envelope(NamedTuple):
    """What the headers of a record say about it; `None` for what they do not say, or say in a way that makes no sense.

    Attributes:
        type: the CloudEvents type, such as `ems.exits.EmployeeResigned.v1`.
        subject: the correlation id of the matter.
        sequence: the number of the event within its matter.
        id: the id of the event.
        causation: the id of the event that it answers.
    """

    type: str | None = None
    subject: UUID | None = None
    sequence: int | None = None
    id: UUID | None = None
    causation: UUID | None = None

    @classmethod
    def of(cls, record: Record) -> Self:
        """Read the headers of a record."""
        found = _once(record.headers)
        return cls(
            _text(found.get(TYPE)),
            _uuid(found.get(SUBJECT)),
            _count(found.get(SEQUENCE)),
            _uuid(found.get(ID)),
            _uuid(found.get(CAUSATION)),
        )


def _once(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, bytes | None]:
    """Keep the headers that we read; one that contradicts itself says nothing."""
    found: dict[str, bytes | None] = {}
    for name, value in headers:
        if name in _READ:
            found[name] = value if found.get(name, value) == value else None
    return found


def _text(value: bytes | None) -> str | None:
    if not value:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def uuid_of(text: str | None) -> UUID | None:
    """Return the UUID of a header's text, if it is written as one."""
    if text is None or len(text) != _UUID_LENGTH:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuid(value: bytes | None) -> UUID | None:
    return uuid_of(_text(value))


def _count(value: bytes | None) -> int | None:
    if value is None or len(value) > _LONG_DIGITS or not value.isdigit():
        return None
    return int(value)
