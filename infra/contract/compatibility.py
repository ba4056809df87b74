"""Whether what was written with one schema can be read with another.

The checker of the Avro project knows names, types, symbols and defaults. It does not look at logical types, nor at
the symbol that stands in for unknown ones; both change what a reader sees, so both are compared here.
"""

import json
from collections.abc import Iterator
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

Schema = dict[str, Any]


def incompatibilities(*, reader: Schema, writer: Schema) -> tuple[str, ...]:
    """Name what keeps a reader from reading what the writer wrote; nothing when it can."""
    return (*_structural(reader, writer), *_semantic(reader, writer))


def _structural(reader: Schema, writer: Schema) -> Iterator[str]:
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # avro annotates only half of it
    result = checker.get_compatibility(parse(json.dumps(reader)), parse(json.dumps(writer)))
    if result.compatibility is not SchemaCompatibilityType.compatible:
        for kind in dict.fromkeys(result.incompatibilities):
            yield f"{kind.name.replace('_', ' ')}: {'; '.join(sorted(result.messages))}"


def _semantic(reader: Schema, writer: Schema) -> Iterator[str]:
    theirs = dict(_meanings(writer, ()))
    for path, ours in _meanings(reader, ()):
        if path in theirs and theirs[path] != ours:
            yield f"{'.'.join(path)} changed its meaning from {theirs[path]} to {ours}"


def _meanings(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401 - JSON
    """Yield the logical type, or the enum's default, of each place in a schema that can have one."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _meanings(branch, path)
        return
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        for field in schema["fields"]:
            yield from _meanings(field["type"], (*path, field["name"]))
    elif kind == "array":
        yield from _meanings(schema["items"], (*path, "[]"))
    elif kind == "enum":
        yield path, f"default symbol {schema.get('default')}"
    elif kind != "null":
        logical = schema.get("logicalType") if isinstance(schema, dict) else None
        yield path, f"{kind} ({logical})" if logical else str(kind)
