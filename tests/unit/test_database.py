import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select
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
