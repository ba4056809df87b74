"""The schema that a record was written with, as the registry gave it.

Anybody who may register a schema chooses what our decoder walks through, with the interpreter's lock held. A schema
that contains itself lets a few kilobytes overflow the C stack of `fastavro` (the process would die, not raise); an
array of items without bytes lets ten bytes ask for 2^62 of them; records that each name the one below twice let five
bytes ask for as many; and a decimal of 400 kB takes 18 seconds. None is ever needed in an event: such schemas are
refused.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from fastavro import parse_schema

from choreography.errors import Poison

_DEEPEST: Final = 64
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
_WORK_PER_BYTE: Final = 16
_MOST_DEBT: Final = 10_000
_LONGEST_DECIMAL: Final = 256  # bytes
_BYTES: Final = {"null": 0, "float": 4, "double": 8}  # of any other primitive type: at least one
_COLLECTIONS: Final = {"array": ("items", 0), "map": ("values", 1 - _WORK_PER_BYTE)}  # what each item is, and its key


@dataclass(frozen=True)
class WriterSchema:
    """A schema by which records were written.

    Attributes:
        text: as the registry gave it.
        name: the Avro full name; `None` when the schema is not that of a record.
        subject: under which it is known to be registered; `None` where nobody has asked so far.
    """

    text: str
    name: str | None
    subject: str | None = None

    @classmethod
    def read(cls, text: str, subject: str | None = None) -> Self:
        """Read the text of a schema; what is needed to decode with it is worked out when it is first used.

        Raises:
            ValueError: the text is not JSON.
        """
        try:
            schema = json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return cls(text, _record_name(schema), subject)

    @cached_property
    def parsed(self) -> dict[str, Any]:
        """The schema in the form that `fastavro` reads with.

        Raises:
            Poison: no record can be read with it.
        """
        schema = json.loads(self.text)
        try:
            _Walk().debt(schema, "")
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
    """Weighs what reading costs at the worst, and refuses a schema that lets a few bytes ask for much work.

    Work is counted in values that are read. Each byte may pay for `_WORK_PER_BYTE` of them; what a type costs beyond
    what its own bytes pay is its *debt*, and each type that has a name is weighed once. An item of an array or a map
    must have none, since there may be any number of them, and a whole record no more than `_MOST_DEBT`. So reading `n`
    bytes never takes more than `_WORK_PER_BYTE` · n + `_MOST_DEBT` steps, whatever they are.
    """

    def __init__(self) -> None:
        self._debts: dict[str, int | None] = {}  # None: the type being walked through
        self._depth = 0

    def debt(self, schema: Any, namespace: str) -> int:  # noqa: ANN401 - any JSON
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        try:
            if isinstance(schema, str):
                return self._named(schema, namespace)
            if isinstance(schema, list):
                return max((self.debt(branch, namespace) for branch in schema), default=0) + _of_leaf(1)
            return self._complex(schema, namespace)
        finally:
            self._depth -= 1

    def _named(self, name: str, namespace: str) -> int:
        known = name if name in self._debts else f"{namespace}.{name}"
        if known not in self._debts:
            return _of_leaf(_BYTES.get(name, 1))
        debt = self._debts[known]
        if debt is None:
            raise ValueError(f"{known} contains itself")
        return debt

    def _complex(self, schema: dict[str, Any], namespace: str) -> int:
        kind = schema["type"]
        if kind in _NAMED:
            return self._define(schema, namespace)
        if kind in _COLLECTIONS:
            named, key = _COLLECTIONS[kind]
            if self.debt(schema[named], namespace) + key > 0:
                raise ValueError(f"the items of {_article(kind)} cost more than their bytes allow, so it has no bounds")
            return _of_leaf(1)
        if kind == "bytes" and schema.get("logicalType") == "decimal":
            raise ValueError("a decimal of any length takes any time to read; make it a fixed one")
        return self.debt(kind, namespace)

    def _define(self, schema: dict[str, Any], namespace: str) -> int:
        name = full_name(schema, namespace)
        self._debts[name] = None
        if schema["type"] == "fixed":
            debt = _of_fixed(schema)
        elif schema["type"] == "enum":
            debt = _of_leaf(1)
        else:
            inner = name.rpartition(".")[0]
            debt = 1 + sum(self.debt(field["type"], inner) for field in schema["fields"])
        if debt > _MOST_DEBT:
            raise ValueError(f"reading {name} takes more than its bytes can pay for")
        self._debts[name] = debt
        return debt


def _of_leaf(size: int) -> int:
    return 1 - _WORK_PER_BYTE * size


def _of_fixed(schema: dict[str, Any]) -> int:
    size = int(schema["size"])
    if schema.get("logicalType") == "decimal" and size > _LONGEST_DECIMAL:
        raise ValueError(f"a decimal of {size} bytes takes too long to read")
    return _of_leaf(size)


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "array" else f"a {kind}"
