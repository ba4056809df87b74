"""Example events, made from their schemas: the same ones every time, no person's."""

from collections.abc import Callable
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from choreography import Event

_BY_NAME: Final[dict[str, Any]] = {
    "case_version": 300,  # takes two bytes on the wire
    "country": "DE",
    "decision": '{"entitlement_ids":["g-1"]}',
    "department": "Qualität",  # not every letter is one byte
    "employee_id": "E-1001",
    "preferred_language": "de",
    "starts": "earliest",
    "time_zone": "Europe/Berlin",
}


def every_field(kind: type[Event]) -> Event:
    """Return an event with every field filled in."""
    return kind.model_validate({field["name"]: _value(field) for field in kind.avsc()["fields"]})


def required_fields(kind: type[Event]) -> Event:
    """Return an event with only the fields filled in that have no default."""
    return kind.model_validate(
        {field["name"]: _value(field) for field in kind.avsc()["fields"] if "default" not in field}
    )


def _value(field: dict[str, Any]) -> Any:  # noqa: ANN401 - of the field's type
    name: str = field["name"]
    return _BY_NAME[name] if name in _BY_NAME else _of_type(field["type"], name)


def _of_type(kind: Any, name: str) -> Any:  # noqa: ANN401 - JSON in, a field's value out
    if isinstance(kind, list):
        return _of_type(kind[-1], name)
    plain = kind if isinstance(kind, str) else kind.get("logicalType", kind["type"])
    return _BY_TYPE[plain](kind, name)


_BY_TYPE: Final[dict[str, Callable[[Any, str], Any]]] = {
    "uuid": lambda _, name: uuid5(NAMESPACE_URL, name),
    "date": lambda *_: "2026-03-31",
    "timestamp-micros": lambda *_: "2026-03-02T08:15:30.123456Z",
    "string": lambda _, name: f"{name.removesuffix('s').replace('_', '-')}-1",
    "int": lambda *_: 5,
    "long": lambda *_: 5_000_000_000,
    "boolean": lambda *_: True,
    "enum": lambda kind, _: kind["symbols"][-1],
    "array": lambda kind, name: [_of_type(kind["items"], name)],
    "record": lambda kind, _: {field["name"]: _value(field) for field in kind["fields"]},
}
