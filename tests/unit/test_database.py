import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, insert, select
from sqlalchemy.exc import OperationalError

from choreography.database import Database, after_commit
from choreography.errors import DatabaseClosed

metadata = MetaData()
numbers = Table("numbers", metadata, Column("n", Integer, primary_key=True))


def opened(folder: Path, **options: float) -> Database:
    database = Database(f"sqlite:///{folder / 'new' / 'numbers.db'}", **options)
    database.create(metadata)
    return database


def add(tx: Connection, number: int) -> None:
    tx.execute(insert(numbers).values(n=number))


def stored(database: Database) -> list[int]:
    return database.run_sync(lambda tx: list(tx.execute(select(numbers.c.n)).scalars()))


def test_what_raises_is_rolled_back_whole(tmp_path: Path) -> None:
    database, told = opened(tmp_path), []

    def fails(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append(1))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.run_sync(fails)

    assert (stored(database), told) == ([], [])


def test_who_waits_for_a_commit_is_told_after_it_and_once(tmp_path: Path) -> None:
    database, told = opened(tmp_path), []

    def work(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, lambda: told.append(stored_elsewhere(tmp_path)))

    database.run_sync(work)
    database.run_sync(lambda tx: add(tx, 2))

    assert told == [[1]]


def stored_elsewhere(folder: Path) -> list[int]:
    other = Database(f"sqlite:///{folder / 'new' / 'numbers.db'}")
    try:
        return stored(other)
    finally:
        other.close()


def test_commits_survive_and_are_written_through(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.run_sync(lambda tx: add(tx, 1))
    pragmas = database.run_sync(
        lambda tx: [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    )
    database.close()

    assert stored(opened(tmp_path)) == [1]
    assert pragmas == ["wal", 2]


def test_many_callers_take_turns(tmp_path: Path) -> None:
    database = opened(tmp_path)

    async def all_at_once() -> None:
        await asyncio.gather(*(database.run(lambda tx, n=number: add(tx, n)) for number in range(50)))  # type: ignore[misc]

    asyncio.run(all_at_once())

    assert stored(database) == list(range(50))


def test_a_lock_of_another_process_is_waited_for_only_so_long(tmp_path: Path) -> None:
    database, other = opened(tmp_path), opened(tmp_path, busy_seconds=0.05)

    def while_locked(_tx: Connection) -> None:
        with pytest.raises(OperationalError, match="locked"):
            other.run_sync(lambda tx: add(tx, 1))

    database.run_sync(while_locked)


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.close()

    with pytest.raises(DatabaseClosed):
        database.run_sync(lambda tx: add(tx, 1))


def test_what_is_wanted_at_the_same_moment_is_committed_together_and_one_that_raises_undoes_only_itself(
    tmp_path: Path,
) -> None:
    database, began, go, told = opened(tmp_path), threading.Event(), threading.Event(), []
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


def test_when_the_commit_fails_everybody_is_told(tmp_path: Path) -> None:
    database = opened(tmp_path)

    def fails(_connection: Connection) -> None:
        raise OSError("disk full")

    event.listen(database._engine, "commit", fails)
    with pytest.raises(OSError, match="disk full"):
        database.run_sync(lambda tx: add(tx, 1))
    event.remove(database._engine, "commit", fails)

    assert stored(database) == []


def test_a_disk_that_is_full_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    database, began, go = opened(tmp_path), threading.Event(), threading.Event()
    pages = database.run_sync(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
    database.run_sync(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}"))
    huge = "CREATE TABLE huge AS SELECT hex(randomblob(200000)) AS text"

    def slow(_tx: Connection) -> None:
        began.set()
        assert go.wait(10)

    with ThreadPoolExecutor(4) as pool:
        pool.submit(database.run_sync, slow)
        assert began.wait(10)
        before = pool.submit(database.run_sync, lambda tx: add(tx, 1))
        while database._jobs.qsize() < 1:
            assert not before.done()
        full = pool.submit(database.run_sync, lambda tx: tx.exec_driver_sql(huge))
        while database._jobs.qsize() < 2:
            assert not full.done()
        after = pool.submit(database.run_sync, lambda tx: add(tx, 2))
        while database._jobs.qsize() < 3:
            assert not after.done()
        go.set()
        before.result(10)
        with pytest.raises(OperationalError, match="full"):
            full.result(10)
        after.result(10)

    assert stored(database) == [1, 2]


def test_a_callback_that_fails_does_not_stop_the_database(tmp_path: Path) -> None:
    database = opened(tmp_path)

    def fails() -> None:
        raise ValueError("no")

    def work(tx: Connection) -> None:
        add(tx, 1)
        after_commit(tx, fails)

    database.run_sync(work)
    database.run_sync(lambda tx: add(tx, 2))

    assert stored(database) == [1, 2]
