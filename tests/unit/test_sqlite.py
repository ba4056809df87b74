"""What is SQLite's own: files, and the disk under them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import OperationalError

from choreography.database.database import Database

metadata = MetaData()
numbers = Table("numbers", metadata, Column("n", Integer, primary_key=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'new' / 'numbers.db'}")) as one:
        one.create(metadata)
        yield one


def add(tx: Connection, number: int) -> None:
    tx.execute(insert(numbers).values(n=number))


def stored(database: Database) -> list[int]:
    return database.run_sync(lambda tx: list(tx.execute(select(numbers.c.n)).scalars()))


def test_commits_are_written_through(database: Database) -> None:
    names = ("journal_mode", "synchronous")
    pragmas = database.run_sync(lambda tx: [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names])

    assert pragmas == ["wal", 2]


def test_a_disk_that_is_full_loses_nothing_that_was_answered(database: Database) -> None:
    began, go = threading.Event(), threading.Event()
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
