import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from choreography.database.database import Database
from choreography.database.waiting import PatientDatabase
from choreography.health import Health
from choreography.retries import Backoff
from choreography.testing.fake import FakeClock

T = TypeVar("T")


class Flaky(Database):
    """A real database that fails as a full disk does, so many times."""

    failures = 0

    def _submit(self, work: Callable[[Connection], T]) -> Any:
        def perhaps(tx: Connection) -> T:
            if self.failures:
                self.failures -= 1
                raise OperationalError("INSERT", {}, Exception("disk full"))
            return work(tx)

        return super()._submit(perhaps)


@pytest.fixture
def database(database_url: str) -> Iterator[Flaky]:
    with closing(Flaky(database_url)) as one:
        yield one


def patient(database: Flaky, health: Health) -> PatientDatabase:
    return PatientDatabase(database, health, FakeClock(), Backoff(first=0.001, most=0.001))


def one(tx: Connection) -> int:
    return int(tx.exec_driver_sql("SELECT 1").scalar_one())


def test_a_database_that_cannot_be_used_is_waited_for_and_health_says_so(database: Flaky) -> None:
    health = Health()
    waiting = patient(database, health)
    database.failures = 3

    assert asyncio.run(waiting.run(one)) == 1
    assert health.report()["parts"] == {"database": {"ok": True, "detail": ""}}


def test_a_thread_waits_for_it_too(database: Flaky) -> None:
    waiting = patient(database, Health())
    database.failures = 2

    assert waiting.run_sync(one) == 1


def test_health_is_green_again_even_when_the_one_who_waited_gave_up(database: Flaky) -> None:
    health = Health()
    waiting = patient(database, health)
    database.failures = 1_000_000

    async def gives_up() -> None:
        task = asyncio.ensure_future(waiting.run(one))
        while "database" not in str(health.report()):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not health.ready
        database.failures = 0
        await waiting.run(one)

    asyncio.run(gives_up())

    assert health.ready


def test_what_our_own_statement_does_wrong_is_not_waited_for(database: Flaky) -> None:
    waiting = patient(database, Health())

    def wrong(_tx: Connection) -> None:
        raise IntegrityError("INSERT", {}, Exception("not unique"))

    with pytest.raises(IntegrityError):
        asyncio.run(waiting.run(wrong))
