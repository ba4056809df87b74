"""What a model and a schema say about a field, in one form, so that the two can be compared."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

from annotated_types import Le
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from choreography.declare.event import UNSTAMPED

Shape = tuple[Any, ...]
REQUIRED: Final = "required"
_PLAIN: Final[dict[Any, str]] = {
    str: "string",
    UUID: "uuid",
    date: "date",
    datetime: "timestamp-micros",
    AwareDatetime: "timestamp-micros",
    bool: "boolean",
}
_INT_MAX: Final = 2**31 - 1
_LONG_MAX: Final = 2**63 - 1


def shape_of_model(model: type[BaseModel]) -> dict[str, Shape]:
    """Return type and default of each field of a model."""
    return {
        name: (_annotated(field.annotation, field.metadata), _model_default(field))
        for name, field in model.model_fields.items()
    }


def shape_of_record(record: dict[str, Any]) -> dict[str, Shape]:
    """Return type and default of each field of an Avro record."""
    return {field["name"]: (_avro(field["type"]), _avro_default(field)) for field in record["fields"]}


def named_types(schema: Any) -> Iterator[dict[str, Any]]:
    """Return every record and enum in a schema, itself included."""
    if isinstance(schema, list):
        for branch in schema:
            yield from named_types(branch)
    elif isinstance(schema, dict):
        if schema["type"] in ("record", "enum"):
            yield schema
        for field in schema.get("fields", ()):
            yield from named_types(field["type"])
        yield from named_types(schema.get("items"))


def fields_of(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every field in a schema, those of inner records included."""
    for named in named_types(schema):
        yield from named.get("fields", ())


def _annotated(annotation: Any, metadata: list[Any]) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], list(arguments[1:]))
    if origin in (Union, UnionType):
        inner = next(one for one in arguments if one is not type(None))
        return ("null", *_annotated(inner, metadata))
    if origin is tuple:
        return ("array", _annotated(arguments[0], []))
    if annotation is int:
        return ("int" if _greatest(metadata) <= _INT_MAX else "long",)
    return _of_class(annotation)


def _of_class(kind: type) -> Shape:
    if issubclass(kind, StrEnum):
        return ("enum", kind.__name__, tuple(symbol.value for symbol in kind))
    if issubclass(kind, BaseModel):
        return ("record", kind.__name__, shape_of_model(kind))
    return (_PLAIN[kind],)


def _greatest(metadata: list[Any]) -> int:
    found = [one for each in metadata for one in (each.metadata if isinstance(each, FieldInfo) else [each])]
    bounds = [int(str(one.le)) for one in found if isinstance(one, Le)]
    assert bounds, "a number needs the bounds of Avro's int or long, else it cannot always be written"
    assert bounds[0] <= _LONG_MAX, "a number must not be greater than Avro's long"
    return bounds[0]


def _model_default(field: FieldInfo) -> object:
    if field.is_required() or field.default is UNSTAMPED:
        return REQUIRED
    return list(field.default) if isinstance(field.default, tuple) else field.default


def _avro(kind: Any) -> Shape:
    if isinstance(kind, str):
        return (kind,)
    if isinstance(kind, list):
        assert kind[0] == "null", "an optional field is null first, so that null can be its default"
        assert len(kind) == 2, "a union is of null and one type"
        return ("null", *_avro(kind[1]))
    if kind["type"] == "array":
        return ("array", _avro(kind["items"]))
    if kind["type"] == "enum":
        return ("enum", kind["name"], tuple(kind["symbols"]))
    if kind["type"] == "record":
        return ("record", kind["name"], shape_of_record(kind))
    return (kind["logicalType"],)


def _avro_default(field: dict[str, Any]) -> object:
    return field.get("default", REQUIRED)
