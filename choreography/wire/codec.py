"""Events to bytes and back: Confluent wire format v0, `0x00`, a schema id of four bytes, Avro.

Every way in which bytes can be wrong ends in `Poison` with the stage at which reading failed, and a message that
holds no value of the record: it may be about a person. For the same reason the original error is not chained.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError
from fastavro.schema import to_parsing_canonical_form
from pydantic import ValidationError

from choreography.declare.event import UNSTAMPED, Event
from choreography.declare.topic import Topic
from choreography.errors import InvalidDeclaration, InvalidFact, Poison
from choreography.wire.registry import SchemaNotKnown, Schemas
from choreography.wire.writer_schema import WriterSchema

_FRAME: Final = struct.Struct(">BI")
_HIGHEST_ID: Final = 2**31 - 1  # registries count in signed 32 bits


class Codec:
    """Encodes and decodes events.

    Args:
        schemas: knows the ids; prepared for all that is encoded.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._readers: dict[tuple[int, type[Event]], _Reader] = {}

    def encode(self, event: Event, topic: Topic) -> bytes:
        """Return the value of the record of an event on a topic.

        Raises:
            InvalidFact: a field is not filled in, or the event does not match its own schema.
        """
        kind = type(event)
        if missing := event.unstamped_fields():
            raise InvalidFact(f"{kind.__name__} cannot be published: {', '.join(missing)} are not filled in.")
        out = BytesIO()
        out.write(_FRAME.pack(0, self._schemas.id_of(topic, kind)))
        try:
            schemaless_writer(out, _parsed(kind), event.model_dump())
        except Exception as error:  # noqa: BLE001 - fastavro raises whatever its C code stumbles on
            raise InvalidFact(f"{kind.__name__} does not match its schema ({type(error).__name__}).") from None
        return out.getvalue()

    async def decode(self, value: bytes | None, kinds: Mapping[str, type[Event]], *, topic: str) -> Event | None:
        """Read the value of a record, asking for its schema where it is not known yet.

        Args:
            value: as it came from the topic.
            kinds: what is wanted, by Avro full name.
            topic: where it was read: the schema has to be registered under a subject of this topic.

        Returns:
            The event, or `None` when its type is not among `kinds` (the body is not decoded then).

        Raises:
            Poison: these bytes can never be read.
            RegistryUnavailable: the schema is not known and the registry cannot be asked.
        """
        try:
            return self.decode_known(value, kinds)
        except SchemaNotKnown as unknown:
            await self._schemas.writer(unknown.schema_id, topic, kinds)
        return self.decode_known(value, kinds)

    def decode_known(self, value: bytes | None, kinds: Mapping[str, type[Event]]) -> Event | None:
        """Do the same without waiting, for a record whose schema has been read before.

        Raises:
            SchemaNotKnown: it has not; use `decode`.
            Poison: these bytes can never be read.
        """
        if value is None:
            raise Poison("tombstone", "The record has no value; a fact is never deleted.")
        schema_id = _schema_id(value)
        writer = self._schemas.known(schema_id)
        if writer.name is None:
            raise Poison("schema", f"The schema with the id {schema_id} is not that of an Avro record.")
        kind = kinds.get(writer.name)
        if kind is None:
            return None
        if writer.subject is None:
            raise SchemaNotKnown(schema_id)
        reader = self._readers.get((schema_id, kind))
        if reader is None:
            reader = self._readers[schema_id, kind] = _Reader.between(writer, kind)
        return reader.read(value)


def _schema_id(value: bytes) -> int:
    if len(value) < _FRAME.size:
        raise Poison("frame", f"The value has {len(value)} bytes, fewer than the {_FRAME.size} of its frame.")
    magic, schema_id = _FRAME.unpack_from(value)
    if magic != 0:
        raise Poison("frame", f"The value begins with the byte {magic}, not with 0: it names no schema.")
    if schema_id > _HIGHEST_ID:
        raise Poison("frame", f"The value names the schema id {schema_id}, which no registry assigns.")
    return int(schema_id)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads records of one schema as one class.

    Attributes:
        resolve_to: the class's own schema, where it differs from the writer's in a way that matters.
    """

    kind: type[Event]
    writer: dict[str, Any]
    resolve_to: dict[str, Any] | None

    @classmethod
    def between(cls, writer: WriterSchema, kind: type[Event]) -> "_Reader":
        ours = _parsed(kind)
        same = to_parsing_canonical_form(writer.parsed) == to_parsing_canonical_form(ours)
        return cls(kind, writer.parsed, None if same else ours)

    def read(self, value: bytes) -> Event:
        body = BytesIO(value)
        body.seek(_FRAME.size)
        try:
            data = schemaless_reader(body, self.writer, self.resolve_to)
        except SchemaResolutionError:
            raise Poison("schema", self._about("was written with a schema that ours cannot read")) from None
        except Exception as error:  # noqa: BLE001 - fastavro raises whatever its C code stumbles on
            raise Poison("avro", self._about(f"breaks at byte {body.tell()} ({type(error).__name__})")) from None
        if body.tell() != len(value):
            raise Poison("avro", self._about(f"ends at byte {body.tell()}, but {len(value)} bytes came"))
        try:
            return self.kind.model_validate(data)
        except ValidationError as error:
            raise Poison("model", self._about(f"is refused: {_fields(error)}")) from None

    def _about(self, what: str) -> str:
        return f"A record of {self.kind.full_name()} {what}."


def _fields(error: ValidationError) -> str:
    """Name what is wrong without a value; deeper locations may be keys of a map, which are values too."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    named = {f"{problem['loc'][0] if problem['loc'] else 'as a whole'} ({problem['type']})" for problem in problems}
    return ", ".join(sorted(named))


@cache
def _parsed(kind: type[Event]) -> dict[str, Any]:
    """Parse the schema of a class, once, and see that it carries what the runtime stamps."""
    schema = kind.avsc()
    written = {field["name"] for field in schema["fields"]}
    lost = [name for name, field in kind.model_fields.items() if field.default is UNSTAMPED and name not in written]
    if lost:
        raise InvalidDeclaration(f"{kind.__name__}.avsc lacks {', '.join(lost)}: every record carries these fields.")
    parsed: dict[str, Any] = parse_schema(schema)  # type: ignore[assignment]  # a record's is a dict
    return parsed
