"""Schema ids: asked for once, then kept in the service's own database.

A service that has run before starts, and keeps going, without the registry. One that never ran waits. An id that the
registry does not know condemns a record only while the registry still knows *our* schemas by the ids that we know:
otherwise the registry was emptied or is another one, and the record is not at fault.
"""

import asyncio
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, delete, insert, select

from choreography.database.database import Database
from choreography.database.transaction import take_turn
from choreography.declare.event import Event
from choreography.declare.topic import Topic
from choreography.errors import ChoreographyError, InvalidSettings, Poison, RegistryUnavailable
from choreography.wire.schema_client import SchemaClient
from choreography.wire.subject import Subject
from choreography.wire.writer_schema import WriterSchema

metadata: Final = MetaData()
_ids: Final = Table(
    "schema_ids",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("id", Integer, nullable=False),
)
_texts: Final = Table(
    "schemas",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("subject", Text),
)


class SchemaNotKnown(ChoreographyError):  # noqa: N818 - a signal to ask, not an error
    """The schema of this id has to be read first, or has to be asked about."""

    def __init__(self, schema_id: int) -> None:
        super().__init__(f"The schema with the id {schema_id} has not been read yet.")
        self.schema_id = schema_id


class Schemas:
    """The schemas of what is published and read, and their ids.

    Args:
        client: the registry.
        database: the service's own, where the tables of this module's `metadata` exist.
    """

    def __init__(self, client: SchemaClient, database: Database) -> None:
        self._client = client
        self._database = database
        self._ours: dict[Subject, int] = {}
        self._ids: dict[tuple[str, type[Event]], int] = {}
        self._writers: dict[int, WriterSchema] = {}
        self._asking = asyncio.Lock()

    async def prepare(self, kinds: Iterable[tuple[Topic, type[Event]]]) -> None:
        """Make the ids of everything that is published known.

        Raises:
            RegistryUnavailable: an id is not known yet and the registry cannot be asked: wait and try again.
            InvalidSettings: with a reason per schema that is not registered.
        """
        wanted = {(topic.name, kind): Subject.of(topic, kind) for topic, kind in kinds}
        found = await self._database.run(lambda tx: _kept_ids(tx, wanted.values()))
        asked = {ours: await self._client.id_of(ours) for ours in wanted.values() if ours not in found}
        missing = sorted(ours.name for ours, schema_id in asked.items() if schema_id is None)
        if missing:
            raise InvalidSettings(tuple(map(unregistered, missing)))
        learned = {ours: schema_id for ours, schema_id in asked.items() if schema_id is not None}
        await self._database.run(lambda tx: _keep_ids(tx, learned))
        self._ours |= found | learned
        self._ids |= {place: self._ours[ours] for place, ours in wanted.items()}
        self._writers |= {number: WriterSchema.read(ours.schema, ours.name) for ours, number in self._ours.items()}

    def id_of(self, topic: Topic, kind: type[Event]) -> int:
        """Return the id of the schema of an event on a topic, once prepared."""
        try:
            return self._ids[topic.name, kind]
        except KeyError:
            raise ChoreographyError(
                f"The schema id of {kind.__name__} on {topic.name} is not known: it was not among what `prepare` was "
                "given. Declare it in `publishes`."
            ) from None

    def known(self, schema_id: int) -> WriterSchema:
        """Return a schema that has been read before, without waiting.

        Raises:
            SchemaNotKnown: ask `writer`.
        """
        try:
            return self._writers[schema_id]
        except KeyError:
            raise SchemaNotKnown(schema_id) from None

    async def writer(self, schema_id: int, topic: str, wanted: Container[str]) -> WriterSchema:
        """Return the schema of an id: from memory, else from the database, else from the registry.

        Args:
            schema_id: as a record names it.
            topic: where that record stands.
            wanted: the Avro full names that are read at all; such a schema has to be registered for this topic.

        Raises:
            Poison: a registry that knows our schemas does not know this id, or not for this topic.
            RegistryUnavailable: the registry cannot be asked, or is not the one that we know.
        """
        async with self._asking:
            schema = self._writers.get(schema_id) or await self._kept(schema_id) or await self._ask(schema_id)
            if schema.subject is None and schema.name is not None and schema.name in wanted:
                schema = await self._for_topic(schema_id, schema, f"{topic}-{schema.name}")
            self._writers[schema_id] = schema
        return schema

    async def _kept(self, schema_id: int) -> WriterSchema | None:
        query = select(_texts.c.text, _texts.c.subject).where(_texts.c.id == schema_id)
        row = await self._database.run(lambda tx: tx.execute(query).one_or_none())
        return None if row is None else WriterSchema.read(row.text, row.subject)

    async def _ask(self, schema_id: int) -> WriterSchema:
        schema = _readable(await self._client.schema(schema_id)) or _readable(await self._client.schema(schema_id))
        is_ours = await self._is_ours()
        if schema is None and is_ours:
            raise Poison("schema", f"The schema registry knows no Avro schema with the id {schema_id}.")
        if schema is None or is_ours is False:
            raise _another_registry(schema_id)
        await self._database.run(lambda tx: _keep_texts(tx, {schema_id: schema}))
        return schema

    async def _for_topic(self, schema_id: int, schema: WriterSchema, subject: str) -> WriterSchema:
        """Make sure that records are read by what was registered for their topic, and not by anybody's schema."""
        if await self._client.id_of(Subject(subject, schema.text)) is None:
            if await self._is_ours() is False:
                raise _another_registry(schema_id)
            raise Poison("schema", f"The schema with the id {schema_id} is not registered as {subject}.")
        found = replace(schema, subject=subject)
        await self._database.run(lambda tx: _keep_texts(tx, {schema_id: found}))
        return found

    async def _is_ours(self) -> bool | None:
        """Tell whether the registry agrees with what we know; `None` if we know nothing yet."""
        if self._ours:
            ours, schema_id = next(iter(self._ours.items()))
            return await self._client.id_of(ours) == schema_id
        if self._writers:
            schema_id, schema = next(iter(self._writers.items()))
            return await self._client.schema(schema_id) == schema.text
        return None


def _another_registry(schema_id: int) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"The schema registry was asked for the id {schema_id}, and does not know our own schemas by the ids that we "
        "know: it was emptied, or is another one. Check its address, or restore its data. Nothing is lost: it waits."
    )


def _readable(text: str | None) -> WriterSchema | None:
    try:
        return None if text is None else WriterSchema.read(text)
    except ValueError:
        return None


def unregistered(subject: str) -> str:
    """Say that a subject is not registered, and what to do."""
    return (
        f"The schema {subject} is not registered, so what it describes cannot be published. Register it: "
        "run the deploy step of this system."
    )


def _kept_ids(tx: Connection, wanted: Iterable[Subject]) -> dict[Subject, int]:
    kept = {(row.subject, row.fingerprint): row.id for row in tx.execute(select(_ids))}
    return {ours: kept[place] for ours in wanted if (place := (ours.name, ours.fingerprint)) in kept}


def _keep_ids(tx: Connection, learned: dict[Subject, int]) -> None:
    take_turn(tx, "schemas")
    for ours, schema_id in learned.items():
        tx.execute(delete(_ids).where(_ids.c.subject == ours.name))
        tx.execute(insert(_ids).values(subject=ours.name, fingerprint=ours.fingerprint, id=schema_id))
    _keep_texts(tx, {number: WriterSchema.read(ours.schema, ours.name) for ours, number in learned.items()})


def _keep_texts(tx: Connection, schemas: Mapping[int, WriterSchema]) -> None:
    take_turn(tx, "schemas")
    for schema_id, schema in schemas.items():
        tx.execute(delete(_texts).where(_texts.c.id == schema_id))
        tx.execute(insert(_texts).values(id=schema_id, text=schema.text, subject=schema.subject))
