"""The exact bytes of events: whoever writes or reads them, in whatever language, gets the same.

The vectors were written by the Avro project's own library. They are made again by `ems schemas freeze`.
"""

import asyncio
import hashlib
import json
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from fastavro import schemaless_reader
from fastavro.schema import to_parsing_canonical_form

from choreography import Database, Event
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas, metadata
from choreography.wire.subject import Subject
from infra.contract import golden, released
from infra.contract.released import FREEZE, Releases, stated_events


def _name_and_version(file: Path) -> tuple[str, int]:
    name, _, version = file.stem.rpartition(".")
    return name, int(version)


ROOT: Final = Path(__file__).parents[2]
RELEASES: Final = Releases(ROOT / released.FOLDER)
KINDS: Final = {kind.full_name(): kind for kind in stated_events()}
SCHEMA_ID: Final = 7
FRAME: Final = bytes([0, 0, 0, 0, SCHEMA_ID])
FILES: Final = sorted((ROOT / golden.FOLDER).glob("*.json"), key=_name_and_version)
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
NEWEST: Final = sorted({_name_and_version(file)[0]: file for file in FILES}.values())
every_newest_file = pytest.mark.parametrize("file", NEWEST, ids=lambda file: file.stem)


class OneSchema:
    """A registry of one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.text = json.dumps(schema)

    async def id_of(self, subject: Subject) -> int | None:
        return SCHEMA_ID

    async def schema(self, schema_id: int) -> str | None:
        return self.text


def test_every_released_schema_has_its_golden_vectors() -> None:
    frozen = {f"{name}.{number + 1}" for name in KINDS for number in range(len(RELEASES.versions(name)))}

    assert {file.stem for file in FILES} == frozen, f"Write the missing ones with: {FREEZE}"


@every_file
def test_the_fingerprint_is_that_of_the_schema(file: Path) -> None:
    form = to_parsing_canonical_form(_schema(file))

    assert json.loads(file.read_text())["fingerprint_sha256"] == hashlib.sha256(form.encode()).hexdigest(), FREEZE


@every_newest_file
def test_an_event_is_written_as_exactly_these_bytes(file: Path) -> None:
    for vector in _vectors(file):
        value = asyncio.run(_encoded(_event(file, vector)))

        assert value == FRAME + bytes.fromhex(vector["avro_hex"]), (
            f"The bytes of {file.stem} ({vector['name']}) changed. If that is meant: {FREEZE} --amend"
        )


@every_file
def test_bytes_of_every_version_are_read_by_the_code_of_today(file: Path) -> None:
    for vector in _vectors(file):
        value = FRAME + bytes.fromhex(vector["avro_hex"])

        event = asyncio.run(_decoded(value, _schema(file), _kind(file)))

        assert event == _event(file, vector)


@every_file
def test_bytes_of_every_version_are_read_with_the_schema_of_every_other(file: Path) -> None:
    writer = _schema(file)
    for vector in _vectors(file):
        written = _read(bytes.fromhex(vector["avro_hex"]), writer, writer)

        for reader in RELEASES.versions(_kind(file).full_name()):
            seen = _read(bytes.fromhex(vector["avro_hex"]), writer, reader)

            unchanged = [field["name"] for field in reader["fields"] if field in writer["fields"]]
            assert {name: seen[name] for name in unchanged} == {name: written[name] for name in unchanged}


def _event(file: Path, vector: dict[str, Any]) -> Event:
    """Return the event of a vector as the code of today knows it: without fields that are no more."""
    kind = _kind(file)
    known = {name: value for name, value in vector["event"].items() if name in kind.model_fields}
    return kind.model_validate_json(json.dumps(known))


def _kind(file: Path) -> type[Event]:
    return KINDS[_name_and_version(file)[0]]


def _schema(file: Path) -> dict[str, Any]:
    name, version = _name_and_version(file)
    return RELEASES.versions(name)[version - 1]


def _vectors(file: Path) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    return vectors


def _read(body: bytes, writer: dict[str, Any], reader: dict[str, Any]) -> dict[str, Any]:
    data = schemaless_reader(BytesIO(body), writer, reader)
    assert isinstance(data, dict)
    return data


async def _encoded(event: Event) -> bytes:
    with closing(Database("sqlite://")) as database:
        schemas = _schemas(database, event.avsc())
        await schemas.prepare([(event.topic, type(event))])
        return Codec(schemas).encode(event, event.topic)


async def _decoded(value: bytes, writer: dict[str, Any], kind: type[Event]) -> Event | None:
    with closing(Database("sqlite://")) as database:
        return await Codec(_schemas(database, writer)).decode(value, {kind.full_name(): kind}, topic=kind.topic.name)


def _schemas(database: Database, schema: dict[str, Any]) -> Schemas:
    database.create(metadata)
    return Schemas(OneSchema(schema), database)
