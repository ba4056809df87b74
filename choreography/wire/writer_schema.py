"""The schema that a record was written with, as the registry gave it.

Anybody who may register a schema chooses what our decoder walks through. A schema that contains itself lets a few
kilobytes overflow the C stack of `fastavro` (the process would die, not raise), and an array of items without bytes
lets ten bytes ask for 2^62 of them. Neither is ever needed in an event: such schemas are refused.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from fastavro import parse_schema

from choreography.errors import Poison

_DEEPEST: Final = 64
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})


@dataclass(frozen=True)
class WriterSchema:
    """A schema by which records were written.

    Attributes:
        text: as the registry gave it.
        name: the Avro full name; `None` when the schema is not that of a record.
    """

    text: str
    name: str | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the text of a schema; what is needed to decode with it is worked out when it is first used.

        Raises:
            ValueError: the text is not JSON.
        """
        try:
            schema = json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return cls(text, _record_name(schema))

    @cached_property
    def parsed(self) -> dict[str, Any]:
        """The schema in the form that `fastavro` reads with.

        Raises:
            Poison: no record can be read with it.
        """
        schema = json.loads(self.text)
        try:
            _Walk().least(schema, "")
            parsed: dict[str, Any] = parse_schema(schema)  # type: ignore[assignment]  # a record's is a dict
        except Exception as error:  # fastavro raises whatever a wrong schema makes it stumble on
            raise Poison("schema", f"The schema of {self.name} cannot be used to read: {error}") from error
        return parsed


def full_name(schema: dict[str, Any], namespace: str) -> str:
    """Return the full name of a named type in a namespace."""
    name = str(schema["name"])
    if "." in name:
        return name
    return f"{schema.get('namespace', namespace)}.{name}".lstrip(".")


def _record_name(schema: Any) -> str | None:  # noqa: ANN401 - any JSON
    if isinstance(schema, dict) and schema.get("type") == "record" and isinstance(schema.get("name"), str):
        return full_name(schema, "")
    return None


class _Walk:
    """Finds the least number of bytes that a value takes, and refuses a schema that sets no bounds."""

    def __init__(self) -> None:
        self._least: dict[str, int | None] = {}  # None: the type being walked through
        self._depth = 0

    def least(self, schema: Any, namespace: str) -> int:  # noqa: ANN401 - any JSON
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        try:
            if isinstance(schema, str):
                return self._named(schema, namespace)
            if isinstance(schema, list):
                return 1 + min((self.least(branch, namespace) for branch in schema), default=0)
            return self._complex(schema, namespace)
        finally:
            self._depth -= 1

    def _named(self, name: str, namespace: str) -> int:
        known = name if name in self._least else f"{namespace}.{name}"
        if known not in self._least:
            return 0 if name == "null" else 1
        least = self._least[known]
        if least is None:
            raise ValueError(f"{known} contains itself")
        return least

    def _complex(self, schema: dict[str, Any], namespace: str) -> int:
        kind = schema["type"]
        if kind in _NAMED:
            return self._define(schema, namespace)
        if kind == "array":
            if self.least(schema["items"], namespace) == 0:
                raise ValueError("an array of items without bytes has no bounds")
            return 1
        if kind == "map":
            self.least(schema["values"], namespace)
            return 1
        return self.least(kind, namespace)

    def _define(self, schema: dict[str, Any], namespace: str) -> int:
        name = full_name(schema, namespace)
        self._least[name] = None
        if schema["type"] in ("enum", "fixed"):
            least = int(schema.get("size", 1))
        else:
            inner = name.rpartition(".")[0]
            least = sum(self.least(field["type"], inner) for field in schema["fields"])
        self._least[name] = least
        return least
