"""A ledger that cannot be used: no effect is attempted, health says why, and what was accepted waits."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import MetaData, event

from choreography import Service, on
from choreography.database.database import Database, create_missing
from choreography.database.waiting import PatientDatabase
from choreography.health import Health
from choreography.retries import Backoff
from choreography.testing.fake import FakeClock
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack, placed
from tests.shop.runtime import Runtime, running, use

Trouble = Callable[[Database], AbstractContextManager[None]]


def do(database: Database, statement: str) -> None:
    database.run_sync(lambda tx: tx.exec_driver_sql(statement))


@contextmanager
def full(database: Database) -> Iterator[None]:
    pages = database.run_sync(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
    do(database, f"PRAGMA max_page_count = {pages}")
    yield
    do(database, "PRAGMA max_page_count = 1000000")


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    is_on = True

    def turn(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {is_on}").close()

    event.listen(database._engine, "checkout", turn)
    yield
    is_on = False


@contextmanager
def read_only_server(database: Database) -> Iterator[None]:
    do(database, "SET default_transaction_read_only = on")
    yield
    do(database, "SET default_transaction_read_only = off")


@contextmanager
def locked(database: Database) -> Iterator[None]:
    do(database, "PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(database.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def locked_table(database: Database) -> Iterator[None]:
    do(database, "SET lock_timeout = 10")
    with psycopg.connect(address(database)) as other:
        other.execute("LOCK TABLE ledger")
        yield


@contextmanager
def away(database: Database) -> Iterator[None]:
    name = database.url.database
    with psycopg.connect(str(psycopg.conninfo.make_conninfo(address(database), dbname="postgres"))) as server:
        server.autocommit = True
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        server.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def address(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


TROUBLES = {
    "full": ("sqlite", full, "SQLITE_FULL", "make room"),
    "read-only": ("sqlite", read_only, "SQLITE_READONLY", "may only be read"),
    "locked": ("sqlite", locked, "SQLITE_BUSY", "keeps it locked"),
    "read-only server": ("postgresql", read_only_server, "ReadOnlySqlTransaction", "may only be read"),
    "locked table": ("postgresql", locked_table, "LockNotAvailable", "keeps it locked"),
    "server away": ("postgresql", away, "OperationalError", "sends this process away"),
}


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Trouble, str, str]:
    """A trouble that passes, how it is called in health, and what is to be done about it."""
    kind, happens, name, remedy = TROUBLES[request.param]
    if kind == "postgresql":
        use(tmp_path, request.getfixturevalue("postgres"))
    return happens, name, remedy


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reactions = [on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")]
    service = Service[Ports](group="shop.warehouse", starts="earliest", reactions=reactions)
    async with running(service, Ports(Store()), tmp_path) as one:
        yield one


def large_order() -> OrderPlaced:
    """Return one that needs pages of its own in the ledger."""
    return placed(article="lamp" * 5_000)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_while_the_ledger_cannot_be_written_no_effect_is_attempted_and_then_it_happens_once(
    trouble: tuple[Trouble, str, str], runtime: Runtime
) -> None:
    happens, name, remedy = trouble
    record = runtime.record(large_order())

    with happens(runtime.database):
        delivering = asyncio.ensure_future(runtime.deliver(record))
        await until(lambda: name in str(runtime.health.report()))
        said = str(runtime.health.report())
        attempts = runtime.ports.store.attempts
    await asyncio.wait_for(delivering, 30)

    assert (attempts, runtime.ports.store.attempts) == (0, 1)
    assert remedy in said
    assert "no effect is attempted" in said
    assert [row.state for row in runtime.rows()] == ["DONE"]
    assert len(await runtime.stated(ParcelPacked)) == 1
    assert runtime.health.report()["parts"]["database"]["ok"]  # type: ignore[index]  # a report is for reading


async def test_an_effect_that_happened_is_written_down_as_soon_as_the_ledger_can_be_written_again(
    trouble: tuple[Trouble, str, str], runtime: Runtime
) -> None:
    happens, name, _ = trouble
    record = runtime.record(large_order())

    with ExitStack() as stack:

        async def begin(_attempt: int) -> None:
            stack.enter_context(happens(runtime.database))

        runtime.ports.store.after = begin
        delivering = asyncio.ensure_future(runtime.deliver(record))
        await until(lambda: name in str(runtime.health.report()))
        assert not delivering.done()
    await asyncio.wait_for(delivering, 30)

    assert runtime.ports.store.attempts == 1
    assert [row.state for row in runtime.rows()] == ["DONE"]
    assert len(await runtime.stated(ParcelPacked)) == 1


def cut_off(log: Path) -> None:
    os.truncate(log, 0)


def cut_in_half(log: Path) -> None:
    os.truncate(log, log.stat().st_size // 2)


def lose_the_end(log: Path) -> None:
    os.truncate(log, log.stat().st_size - 1)


def remove_log(log: Path) -> None:
    log.unlink()


def remove_database(log: Path) -> None:
    Path(str(log).removesuffix("-wal")).unlink()


def exchange_database(log: Path) -> None:
    remove_database(log)
    Path(str(log).removesuffix("-wal")).touch()


@pytest.mark.parametrize("damage", [cut_off, cut_in_half, lose_the_end, remove_log, remove_database, exchange_database])
async def test_when_the_files_are_cut_off_or_exchanged_under_the_process_it_attempts_nothing_any_more(
    runtime: Runtime, damage: Callable[[Path], None]
) -> None:
    await runtime.deliver(runtime.record(placed()))
    damage(Path(f"{runtime.database.url.database}-wal"))

    delivering = asyncio.ensure_future(runtime.deliver(runtime.record(placed())))
    await until(lambda: "SQLITE_IOERR" in str(runtime.health.report()))
    await until(lambda: "damaged or were exchanged" in str(runtime.health.report()))
    delivering.cancel()

    assert runtime.ports.store.attempts == 1
    assert not runtime.health.ready


async def test_a_log_that_a_backup_tool_empties_is_no_damage(runtime: Runtime) -> None:
    await runtime.deliver(runtime.record(placed()))
    with closing(sqlite3.connect(runtime.database.url.database or "")) as tool:
        assert tool.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0

    await runtime.deliver(runtime.record(placed()))

    assert runtime.ports.store.attempts == 2


@pytest.mark.parametrize("content", [b"not a database, but long enough to look like one" * 100, b""])
async def test_a_file_that_is_no_ledger_is_waited_for_until_it_is_one(tmp_path: Path, content: bytes) -> None:
    health, path = Health(), tmp_path / "ledger.db"
    path.write_bytes(content)
    if not content:
        path.unlink()
        path.mkdir()

    with closing(Database(f"sqlite:///{path}")) as database:
        waiting = PatientDatabase(database, health, FakeClock(), Backoff())
        opening = asyncio.ensure_future(waiting.run(lambda tx: create_missing(tx, MetaData())))
        await until(lambda: "database" in str(health.report()))
        assert "SQLITE_NOTADB" in str(health.report()) or "SQLITE_CANTOPEN" in str(health.report())
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
        await asyncio.wait_for(opening, 30)

    assert health.ready
