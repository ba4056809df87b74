"""Golden vectors: events and the exact bytes of their Avro bodies, for implementations in other languages.

A file per event and version, `<folder>/<full name>.<version>.json`. The Avro project's own library writes the bytes,
not our codec, which is tested by them. On the wire five bytes go before the body, which differ from registry to
registry: `0x00` and the schema id.
"""

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from avro.io import BinaryEncoder, DatumWriter
from avro.schema import Schema, parse

from choreography import Event
from infra.contract.examples import every_field, required_fields

FOLDER: Final = Path("tests/contract/golden")


def file_of(kind: type[Event], version: int, folder: Path) -> Path:
    """Return where the vectors of a version are."""
    return folder / f"{kind.full_name()}.{version}.json"


def write_vectors(kind: type[Event], version: int, folder: Path) -> None:
    """Write the vectors of an event, as its schema is now."""
    file = file_of(kind, version, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_vectors(kind), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _vectors(kind: type[Event]) -> dict[str, Any]:
    schema = parse(json.dumps(kind.avsc()))
    events = {"every field": every_field(kind), "required fields": required_fields(kind)}
    return {
        "type": kind.full_name(),
        "fingerprint_sha256": _fingerprint(schema),
        "vectors": [
            {"name": name, "event": event.model_dump(mode="json"), "avro_hex": _body(event, schema).hex()}
            for name, event in events.items()
        ],
    }


def _body(event: Event, schema: Schema) -> bytes:
    out = BytesIO()
    DatumWriter(schema).write(_plain(event.model_dump()), BinaryEncoder(out))
    return out.getvalue()


def _fingerprint(schema: Schema) -> str:
    """Hash the parsing canonical form as the specification has it; that library leaves `{"type": "string"}` in it."""
    form = json.dumps(_collapsed(schema.to_canonical_json()), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(form.encode()).hexdigest()


def _collapsed(form: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(form, dict):
        return form["type"] if form.keys() == {"type"} else {key: _collapsed(value) for key, value in form.items()}
    return [_collapsed(one) for one in form] if isinstance(form, list) else form


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any field
    """Turn what that library does not take, tuples and uuids, into what it takes."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, UUID) else value
