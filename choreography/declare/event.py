"""The base of every event: a frozen fact with fields that only the runtime fills in.

A domain derives one base from `Event` and marks by role which of its fields is the record's key, the correlation id
and the sequence within it. A handler builds a fact from its own fields alone; the runtime copies the roles from the
cause and stamps the ids and times when the fact is written down. Until then those fields hold `UNSTAMPED`, which
raises when it is formatted: a half-made fact cannot slip into a mail, a log line or an address.
"""

import json
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Final, NoReturn, Self, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from choreography.declare.topic import Topic
from choreography.errors import InvalidDeclaration, InvalidFact

_ROLE: Final = "role"


class Role(StrEnum):
    """What a field is for, whatever the domain calls it."""

    RECORD_KEY = "record_key"
    CORRELATION_ID = "correlation_id"
    SEQUENCE = "sequence"
    STAMP = "stamp"


class Unstamped:
    """The value of a field that the runtime has not filled in yet; raises when formatted."""

    def __repr__(self) -> str:
        return "<unstamped>"

    def __str__(self) -> NoReturn:
        raise InvalidFact("This field is filled in when the fact is stated; a handler cannot read it before.")

    def __format__(self, spec: str) -> NoReturn:
        self.__str__()


UNSTAMPED: Final = Unstamped()


def _marked(role: Role) -> Any:  # noqa: ANN401 - the type of a field's default is the field's
    return Field(default=cast("Any", UNSTAMPED), json_schema_extra={_ROLE: role})


def record_key() -> Any:  # noqa: ANN401 - the type of a field's default is the field's
    """Mark the field that is the key of the record: all events of one key keep their order."""
    return _marked(Role.RECORD_KEY)


def correlation_id() -> Any:  # noqa: ANN401 - the type of a field's default is the field's
    """Mark the field that ties the events of one matter together."""
    return _marked(Role.CORRELATION_ID)


def sequence() -> Any:  # noqa: ANN401 - the type of a field's default is the field's
    """Mark the field that counts the events of one correlation id, from 1."""
    return _marked(Role.SEQUENCE)


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs a zone; use UTC")
    return value.astimezone(UTC)


class Event(BaseModel):
    """Something that happened, named in the past tense, never changed afterwards.

    Attributes:
        topic: where it is published; its schema is `<class name>.avsc` in the package of the topic.
        event_id: stable: stating the same fact twice states it once.
        occurred_at: when it happened, UTC.
        recorded_at: when it was written down, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    topic: ClassVar[Topic]

    event_id: UUID = _marked(Role.STAMP)
    occurred_at: datetime = _marked(Role.STAMP)
    recorded_at: datetime = _marked(Role.STAMP)

    _in_utc = field_validator("occurred_at", "recorded_at")(_utc)

    @classmethod
    def avsc(cls) -> dict[str, Any]:
        """Read the Avro schema of this event, as a parsed JSON object.

        Raises:
            InvalidDeclaration: there is no such file in the package of the topic.
        """
        return _read_avsc(cls)

    @classmethod
    def full_name(cls) -> str:
        """The Avro full name: the schema's namespace and the class name."""
        return f"{cls.avsc()['namespace']}.{cls.__name__}"

    @classmethod
    def ce_type(cls) -> str:
        """The CloudEvents type: the full name and the version of the topic."""
        return f"{cls.full_name()}.{cls.topic.version}"

    @property
    def key(self) -> str:
        """The record's key."""
        return str(self._of(Role.RECORD_KEY))

    @property
    def correlation(self) -> UUID:
        """The id of the matter that this event belongs to."""
        found = self._of(Role.CORRELATION_ID)
        return found if isinstance(found, UUID) else UUID(str(found))

    @property
    def order(self) -> int:
        """The number of this event within its matter."""
        return int(str(self._of(Role.SEQUENCE)))

    def stamped(self, *, event_id: UUID, key: str, correlation: UUID, order: int, at: datetime) -> Self:
        """Return a copy with every field that the runtime fills in.

        Raises:
            InvalidFact: a handler filled one in itself.
        """
        by_role = roles(type(self))
        names = [*by_role.values(), *_STAMPS]
        already = [name for name in names if getattr(self, name) is not UNSTAMPED]
        if already:
            raise InvalidFact(
                f"{type(self).__name__} came with {', '.join(already)} set. The runtime fills these in; "
                "leave them out of the handler."
            )
        values: dict[str, object] = {"event_id": event_id, "occurred_at": at, "recorded_at": at}
        values[by_role[Role.RECORD_KEY]] = key
        values[by_role[Role.CORRELATION_ID]] = correlation
        values[by_role[Role.SEQUENCE]] = order
        return self.model_copy(update=values)

    def unstamped_fields(self) -> tuple[str, ...]:
        """Name the fields that are still to be filled in."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is UNSTAMPED)

    def _of(self, role: Role) -> object:
        return getattr(self, roles(type(self))[role])


_STAMPS: Final = ("event_id", "occurred_at", "recorded_at")


@cache
def roles(kind: type[Event]) -> dict[Role, str]:
    """Return the field names of an event class by role.

    Raises:
        InvalidDeclaration: a role is missing or marked twice.
    """
    found: dict[Role, str] = {}
    for name, field in kind.model_fields.items():
        extra = field.json_schema_extra
        role = extra.get(_ROLE) if isinstance(extra, dict) else None
        if role is None or role == Role.STAMP:
            continue
        if Role(str(role)) in found:
            raise InvalidDeclaration(
                f"{kind.__name__} marks two fields as {role}: {found[Role(str(role))]} and {name}."
            )
        found[Role(str(role))] = name
    missing = {Role.RECORD_KEY, Role.CORRELATION_ID, Role.SEQUENCE} - found.keys()
    if missing:
        raise InvalidDeclaration(f"{kind.__name__} marks no field as {', '.join(sorted(missing))}.")
    return found


@cache
def _read_avsc(kind: type[Event]) -> dict[str, Any]:
    file = files(kind.topic.package) / f"{kind.__name__}.avsc"
    try:
        schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidDeclaration(
            f"{kind.__name__} has no schema: add {kind.__name__}.avsc to the package {kind.topic.package}."
        ) from error
    return schema
