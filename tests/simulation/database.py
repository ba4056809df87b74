"""A service's database that survives its processes: real SQL on SQLite in memory, on a fake disk that can fail.

A transaction happens in one go; before its commit and after it the process gives way, and may die. What can go wrong:
nothing can be written (disk full), or a commit whose answer is lost, so that it looks as if it had failed.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from choreography.database.database import Database
from choreography.database.transaction import taken_callbacks
from tests.simulation.process import Process, Thread
from tests.simulation.quick import QuickConnection
from tests.simulation.world import World

T = TypeVar("T")


LOGGED: Final = (
    "effect_key", "topic", "partition", "offset", "state", "event_id", "event_type", "record_key", "correlation_id",
    "sequence", "begun", "attempts", "claim", "decided", "fact_type", "undone_by", "hold_reason", "blocks_lane",
    "not_before", "ordered", "released", "resolved_by",
)  # fmt: skip
_COLUMNS: Final = ", ".join(f'"{name}"' for name in LOGGED)
_NEW: Final = ", ".join(f'NEW."{name}"' for name in LOGGED)
_LOG_OF_THE_LEDGER: Final = f"""
CREATE TABLE ledger_log (at, {_COLUMNS});
CREATE TRIGGER log_insert AFTER INSERT ON ledger BEGIN INSERT INTO ledger_log VALUES (simulated_step(), {_NEW}); END;
CREATE TRIGGER log_update AFTER UPDATE ON ledger BEGIN INSERT INTO ledger_log VALUES (simulated_step(), {_NEW}); END;
"""


class Disk:
    """What survives: the tables of one database; made once, emptied for every history."""

    def __init__(self, *metadata: MetaData) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _configure)
        self.connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for tables in metadata:
            tables.create_all(self.connection)
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        self.driver = driver
        self._quick: Any = QuickConnection(self.connection, driver)
        names = [name for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self._empty = ";".join(f"DELETE FROM {name}" for name in names)
        self._world: World | None = None
        if "ledger" in names:
            driver.create_function("simulated_step", 0, self._step)
            driver.executescript(_LOG_OF_THE_LEDGER)
            self._empty += ";DELETE FROM ledger_log"
        self.broken_until = 0.0
        self.lost_answers = 0

    def begin(self, world: World) -> None:
        """Begin anew, in another world."""
        self._world = world
        self.driver.executescript(self._empty)
        self.broken_until, self.lost_answers = 0.0, 0

    def transaction(self, work: Callable[[Connection], T], world: World) -> T:
        """Run one transaction in one go, unless something goes wrong."""
        if world.now < self.broken_until:
            raise _failure("database or disk is full")
        result = self.transact(work)
        if self.lost_answers:
            self.lost_answers -= 1
            raise _failure("the connection was lost during the commit")
        return result

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run one transaction in one go."""
        tx: Connection = self._quick
        taken_callbacks(tx)
        self.driver.execute("BEGIN IMMEDIATE")
        try:
            result = work(tx)
        except BaseException:
            self.driver.execute("ROLLBACK")
            raise
        self.driver.execute("COMMIT")
        for call in taken_callbacks(tx):
            call()
        return result

    def _step(self) -> int:
        return self._world.steps if self._world else 0

    def query(self, sql: str) -> list[sqlite3.Row]:
        """Look at what is there, from outside."""
        return self.driver.execute(sql).fetchall()


class SimDatabase(Database):
    """The face that a process has of a disk.

    Args:
        process: whose face it is.
        disk: what it works on.
    """

    def __init__(self, process: Process, disk: Disk) -> None:
        self.url = make_url("sqlite://")
        self.is_sqlite = True
        self._process = process
        self._disk = disk

    def create(self, *metadata: MetaData) -> None:
        """The tables are there."""

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction; give way before the commit and after it."""
        await self._pass()
        result = self._transaction(work)
        await self._pass()
        return result

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Do the same on a thread."""
        thread = self._own_thread()
        thread.turn()
        result = self._transaction(work)
        thread.turn()
        return result

    def close(self) -> None:
        """Nothing is open."""

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        self._process.must_live()
        return self._disk.transaction(work, self._process.world)

    async def _pass(self) -> None:
        chance = self._process.world.chance.random()
        if chance < 0.1:
            await self._process.clock.sleep(chance / 10)
        else:
            await asyncio.sleep(0)

    def _own_thread(self) -> Thread:
        return next(one for one in self._process.threads if one.is_current())


class PatientThreads(SimDatabase):
    """The same for code that would really sleep while the database is away: here it waits in simulated time."""

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction, again and again until it succeeds."""
        while True:
            try:
                return super().run_sync(work)
            except OperationalError:
                self._own_thread().wait(1.0)


def _failure(reason: str) -> OperationalError:
    return OperationalError("", {}, sqlite3.OperationalError(reason))


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.row_factory = None
    for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()
