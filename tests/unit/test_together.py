"""What is asked for at once is done in one transaction, and what fails fails for itself."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from choreography import Database
from producers.ems.cases import CaseError
from producers.ems.together import Together

T = TypeVar("T")


class Counted:
    """A database that counts its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.transactions = 0

    async def run(self, work: Callable[[Connection], T]) -> T:
        self.transactions += 1
        return await self._database.run(work)


@pytest.fixture
def database(database_url: str) -> Any:
    one = Database(database_url)
    one.run_sync(lambda tx: tx.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY)")))
    yield Counted(one)
    one.close()


def note(number: int) -> Callable[[Connection], int]:
    def work(tx: Connection) -> int:
        tx.execute(text("INSERT INTO notes VALUES (:number)"), {"number": number})
        return number

    return work


def refuse(_: Connection) -> int:
    raise CaseError("no")


def at_once(database: Counted, *works: Callable[[Connection], int]) -> list[int | BaseException]:
    async def run() -> list[int | BaseException]:
        together = Together(database)
        return await asyncio.gather(*(together.run(work) for work in works), return_exceptions=True)

    return asyncio.run(run())


def noted(database: Counted) -> list[int]:
    return asyncio.run(database.run(lambda tx: list(tx.execute(text("SELECT id FROM notes ORDER BY id")).scalars())))


def test_what_comes_at_once_is_one_transaction_and_a_refusal_ends_nothing_else(database: Counted) -> None:
    first, refused, second = at_once(database, note(1), refuse, note(2))

    assert (first, type(refused), second) == (1, CaseError, 2)
    assert database.transactions == 1
    assert noted(database) == [1, 2]


def test_what_breaks_the_transaction_of_all_breaks_only_itself(database: Counted) -> None:
    results = at_once(database, note(1), note(1), refuse, note(2))

    assert [type(result) for result in results] == [int, IntegrityError, CaseError, int]
    assert noted(database) == [1, 2]


class Away(Counted):
    """A database that is away, or breaks."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.transactions = 0

    async def run(self, work: Callable[[Connection], T]) -> T:
        self.transactions += 1
        raise self._error


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (OperationalError("", {}, Exception()), 1),
        (InterfaceError("", {}, Exception()), 1),
        (NoConnection(), 1),
        (IntegrityError("", {}, Exception()), 4),
        (DataError("", {}, Exception()), 4),
        (UnicodeEncodeError("utf-8", "", 0, 1, ""), 4),
    ],
)
def test_a_database_that_is_away_is_asked_once_for_all(error: Exception, asked: int) -> None:
    database = Away(error)

    results = at_once(database, note(1), note(2), note(3))

    assert results == [error] * 3
    assert database.transactions == asked


def test_who_does_not_wait_any_more_keeps_nobody_waiting(database: Counted) -> None:
    async def run() -> int:
        together = Together(database)
        gone = asyncio.ensure_future(together.run(note(1)))
        stays = asyncio.ensure_future(together.run(note(2)))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(run()) == 2
    assert noted(database) == [1, 2]
