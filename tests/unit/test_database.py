import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from choreography.database.database import Database
from choreography.database.transaction import after_commit
from choreography.errors import DatabaseClosed

Opened = Callable[..., Database]
metadata = MetaData()
numbers = Table("numbers", metadata, Column("n", Integer, primary_key=True))


@pytest.fixture
def opened(database_url: str) -> Iterator[Callable[..., Database]]:
    """Open the database; as often as wanted, each time as another process would."""
    with ExitStack() as stack:

        def open_one(**options: float) -> Database:
            database = Database(database_url, **options)
            stack.callback(database.close)
            database.create(metadata)
            return database

        yield open_one


def add(tx: Connection, number: int) -> None:
    tx.execute(insert(numbers).values(n=number))


def stored(database: Database) -> list[int]:
    return database.run_sync(lambda tx: list(tx.execute(select(numbers.c.n)).scalars()))


def test_what_raises_is_rolled_back_whole(opened: Opened) -> None:
    database, told = opened(), []

    def fails(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append(1))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.run_sync(fails)

    assert (stored(database), told) == ([], [])


def test_an_error_names_no_value_that_was_to_be_written_or_looked_for(opened: Opened) -> None:
    with pytest.raises(DBAPIError, match="gone") as failed:
        opened().run_sync(lambda tx: tx.execute(text("UPDATE gone SET a = :id"), {"id": "canary-4711"}))

    assert "canary" not in f"{failed.value} {failed.value!r}"


def test_who_waits_for_a_commit_is_told_after_it_and_once(opened: Opened) -> None:
    database, other, told = opened(), opened(), []

    def work(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append(stored(other)))

    database.run_sync(work)
    database.run_sync(lambda tx: add(tx, 2))

    assert told == [[1]]


def test_commits_survive(opened: Opened) -> None:
    database = opened()
    database.run_sync(lambda tx: add(tx, 1))
    database.close()

    assert stored(opened()) == [1]


def test_many_callers_take_turns(opened: Opened) -> None:
    database = opened()

    async def all_at_once() -> None:
        await asyncio.gather(*(database.run(lambda tx, n=number: add(tx, n)) for number in range(50)))  # type: ignore[misc]

    asyncio.run(all_at_once())

    assert stored(database) == list(range(50))


def test_a_lock_of_another_process_is_waited_for_only_so_long(opened: Opened) -> None:
    database, other = opened(), opened(busy_seconds=0.05)

    def while_locked(tx: Connection) -> None:
        add(tx, 1)
        with pytest.raises(OperationalError, match="lock"):
            other.run_sync(lambda tx: add(tx, 1))

    database.run_sync(while_locked)


def test_a_closed_database_says_so(opened: Opened) -> None:
    database = opened()
    database.close()

    with pytest.raises(DatabaseClosed):
        database.run_sync(lambda tx: add(tx, 1))


def test_what_is_wanted_at_the_same_moment_is_committed_together_and_one_that_raises_undoes_only_itself(
    opened: Opened,
) -> None:
    database, began, go, told = opened(), threading.Event(), threading.Event(), []
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)

    def slow(_tx: Connection) -> None:
        began.set()
        assert go.wait(10)

    def fails(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append("never"))
        raise ValueError("no")

    def works(tx: Connection) -> None:
        add(tx, 2)
        after_commit(tx, lambda: told.append("committed"))

    with ThreadPoolExecutor(4) as pool:
        pool.submit(database.run_sync, slow)
        assert began.wait(10)
        jobs = [pool.submit(database.run_sync, one) for one in (fails, works, lambda tx: add(tx, 3))]
        while database._jobs.qsize() < 3:
            assert not jobs[0].done()
        go.set()
        with pytest.raises(ValueError, match="no"):
            jobs[0].result(10)
        jobs[1].result(10)
        jobs[2].result(10)

    assert len(commits) == 2
    assert (stored(database), told) == ([2, 3], ["committed"])


def at_once(database: Database, *works: Callable[[Connection], None]) -> list[BaseException | None]:
    """Have all of this done together, each of which may refuse by a `LookupError` before it writes."""

    async def run() -> list[BaseException | None]:
        wanted = [database.run_unless_refused(work, LookupError) for work in works]
        return await asyncio.gather(*wanted, return_exceptions=True)

    began, go = threading.Event(), threading.Event()

    def slow(_tx: Connection) -> None:
        began.set()
        assert go.wait(10)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(database.run_sync, slow)
        assert began.wait(10)
        running = pool.submit(asyncio.run, run())
        while database._jobs.qsize() < len(works):
            assert not running.done()
        go.set()
        return running.result(10)


def refuses(_tx: Connection) -> None:
    raise LookupError("there is none")


def test_who_refuses_before_it_writes_needs_no_savepoint_and_undoes_nobody(opened: Opened) -> None:
    database, statements = opened(), list[str]()
    event.listen(database._engine, "before_cursor_execute", lambda *told: statements.append(told[2]))

    results = at_once(database, lambda tx: add(tx, 1), refuses, lambda tx: add(tx, 2))

    assert [type(result) for result in results] == [type(None), LookupError, type(None)]
    assert not [one for one in statements if "SAVEPOINT" in one]
    assert stored(database) == [1, 2]


def test_what_fails_otherwise_without_a_savepoint_is_done_again_for_itself(opened: Opened) -> None:
    database = opened()

    def fails(tx: Connection) -> None:
        add(tx, 3)
        raise ValueError("after it has written")

    results = at_once(database, lambda tx: add(tx, 1), lambda tx: add(tx, 1), fails, refuses, lambda tx: add(tx, 2))

    kinds = [type(result) for result in results]
    assert kinds == [type(None), IntegrityError, ValueError, LookupError, type(None)]
    assert stored(database) == [1, 2]


def test_who_only_reads_waits_for_no_writer(opened: Opened) -> None:
    database, other = opened(busy_seconds=0.05), opened()
    database.run_sync(lambda tx: add(tx, 1))

    def while_locked(tx: Connection) -> list[int]:
        add(tx, 2)
        return asyncio.run(database.read(lambda tx: list(tx.execute(select(numbers.c.n)).scalars())))

    assert other.run_sync(while_locked) == [1]


def test_nobody_reads_a_database_that_is_closed(opened: Opened) -> None:
    database = opened()
    database.close()

    with pytest.raises(DatabaseClosed):
        asyncio.run(database.read(lambda _tx: None))


def test_when_the_commit_fails_everybody_is_told(opened: Opened) -> None:
    database = opened()

    def fails(_connection: Connection) -> None:
        raise OSError("disk full")

    event.listen(database._engine, "commit", fails)
    with pytest.raises(OSError, match="disk full"):
        database.run_sync(lambda tx: add(tx, 1))
    event.remove(database._engine, "commit", fails)

    assert stored(database) == []


def test_a_callback_that_fails_does_not_stop_the_database(opened: Opened) -> None:
    database = opened()

    def fails() -> None:
        raise ValueError("no")

    def work(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, fails)

    database.run_sync(work)
    database.run_sync(lambda tx: add(tx, 2))

    assert stored(database) == [1, 2]
