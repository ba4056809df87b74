"""Rebuilding the ledger of a service where it lives: beside its file, or in its PostgreSQL.

Beside a file, the new ledger is written to another one, which takes the place of the old one only when it is whole;
the old one is moved aside. In a PostgreSQL the identity is taken away first and written last: a service that is
started in between refuses it.

What waits in the outbox of a database that is replaced has been stated, though nobody has read it yet: it counts, and
comes along. So does the brake.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert

from choreography import Database, SystemClock, open_locks
from choreography.consume import brake
from choreography.database.database import create_missing
from choreography.kafka.config import scout_config
from choreography.kafka.topic_log import TopicLog
from choreography.ledger import positions as position_tables
from choreography.ledger.table import ledger
from choreography.ledger.table import metadata as ledger_tables
from choreography.outbox import outbox as outbox_tables
from choreography.outbox.outbox import outbox
from choreography.process.serving import settle
from choreography.rebuild.decoded_log import DecodedLog, Progress
from choreography.rebuild.rebuilder import Rebuilder
from choreography.rebuild.row import Past, Rebuilt
from choreography.records import REACTIONS, LedgerBegan, ReactionHeld
from choreography.wire import registry as registry_tables
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.schema_client import ConfluentRegistry
from infra.errors import Refused
from infra.groups import Group
from infra.operate.database import Home
from infra.operate.ledger_place import Old, address_beside, clear_beside, old_ledger, put_in_place

_TABLES: Final = (
    *(ledger_tables, position_tables.metadata, outbox_tables.metadata, registry_tables.metadata),
    brake.metadata,
)
_REWRITTEN: Final = (position_tables.identity, ledger, position_tables.positions)
_RELAY: Final = "relay"


@dataclass(frozen=True)
class Outcome:
    """What a rebuild has found, and where it left what had been there.

    Attributes:
        aside: where the old database is now.
    """

    rebuilt: Rebuilt
    old: Old
    aside: Path | None


async def rebuild_ledger(home: Home, *, execute: bool, replace: bool, repeats: bool, progress: Progress) -> Outcome:
    """Rebuild the ledger of a service from the log.

    Args:
        home: the service, with the addresses of the broker and the registry.
        execute: write it; otherwise only say what it would be.
        replace: also where a ledger with rows stands.
        repeats: see `choreography.rebuild.rebuilder.Rebuilder.rebuild`.
        progress: told how far it is.

    Raises:
        Refused: the service runs, or a ledger stands here.
        Unreachable: the broker or the database does not answer.
        ChoreographyError: the group has no past, or something cannot be read.
    """
    group = Group(home.group, home.settings.connection())
    await asyncio.to_thread(_refuse_members, group)
    async with AsyncExitStack() as stack:
        if execute:
            locks = await stack.enter_async_context(open_locks(home.database_url, SystemClock()))
            if await locks.try_acquire(_RELAY) is None:
                raise Refused(
                    f"A process of {home.group} still has {home.shown_url} open, though it is in no group: perhaps it "
                    "is paused. End it, and try again."
                )
        old = await asyncio.to_thread(old_ledger, home)
        if execute and (old.rows or old.problem) and not replace:
            raise Refused(
                f"{home.shown_url} holds a ledger ({old.problem or f'{old.rows} rows'}). If it is the wrong one, an "
                "old copy or broken, say so with --replace: a file is moved aside, rows of a PostgreSQL are deleted."
            )
        past = await asyncio.to_thread(group.past)
        if execute and home.file is None and old.rows:  # nothing is deleted before everything could be read
            await _rebuilt(home, past, old, execute=False, repeats=repeats, progress=progress)
        rebuilt = await _rebuilt(home, past, old, execute=execute, repeats=repeats, progress=progress)
        await asyncio.to_thread(_refuse_members, group)
        return Outcome(rebuilt, old, put_in_place(home) if execute else None)


async def _rebuilt(home: Home, past: Past, old: Old, *, execute: bool, repeats: bool, progress: Progress) -> Rebuilt:
    service, reactions = home.service, REACTIONS.of(home.service.system)
    settle()
    async with _target(home, old, execute=execute) as database:
        registry = ConfluentRegistry(home.settings.schema_registry_url)
        try:
            schemas = Schemas(registry, database)
            await schemas.prepare([(reactions, ReactionHeld), (reactions, LedgerBegan)])
            codec = Codec(schemas)
            with TopicLog(scout_config(home.settings.connection(), f"{home.group}.rebuild")) as topics:
                log = DecodedLog(service, topics, codec, old.records(), progress)
                target = database if execute else None
                rebuilder = Rebuilder(service, log, codec=codec, clock=SystemClock(), database=target)
                return await rebuilder.rebuild(past, repeats=repeats)
        finally:
            registry.close()


@asynccontextmanager
async def _target(home: Home, old: Old, *, execute: bool) -> AsyncIterator[Database]:
    """Open where the ledger is written: another file, the PostgreSQL itself, or, to try it only, nowhere."""
    if execute:
        clear_beside(home)
    database = Database(address_beside(home) if execute else "sqlite://")
    try:
        await database.run(lambda tx: _prepare(tx, home, old))
        yield database
    finally:
        await asyncio.to_thread(database.close)


def _prepare(tx: Connection, home: Home, old: Old) -> None:
    create_missing(tx, *_TABLES)
    if home.file is None:
        for table in _REWRITTEN:
            tx.execute(delete(table))
        return
    _copy(tx, outbox, [{name: value for name, value in row.items() if name != "id"} for row in old.waiting])
    _copy(tx, brake.brake, old.braked)


def _copy(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        tx.execute(insert(table), [dict(row) for row in rows])


def _refuse_members(group: Group) -> None:
    members = group.members()
    if members:
        raise Refused(
            f"{group.name} runs: {', '.join(members)}. Stop it first; one that was killed leaves the group when its "
            "session time-out is over, after some seconds."
        )
