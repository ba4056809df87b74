import asyncio
import signal
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from choreography import InvalidSettings, Lock, Locks, open_locks
from choreography.database.engine import read_url
from choreography.database.lock_sessions import FileHolder
from choreography.testing.fake import FakeClock
from tests.child import child

HOLDER = """
import asyncio, sys
from choreography import SystemClock, open_locks

async def hold():
    async with open_locks(sys.argv[1], SystemClock()) as locks:
        assert await locks.try_acquire("a lane") is not None
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold())
"""


@asynccontextmanager
async def two(database_url: str) -> AsyncIterator[tuple[Locks, Locks]]:
    async with open_locks(database_url, FakeClock()) as one, open_locks(database_url, FakeClock()) as other:
        yield one, other


async def obtained(locks: Locks, name: str) -> Lock:
    """Ask until it is there."""
    async with asyncio.timeout(30):
        while (lock := await locks.try_acquire(name)) is None:
            await asyncio.sleep(0.02)
    return lock


async def test_who_holds_a_lock_keeps_it_from_others_until_it_is_given_back(database_url: str) -> None:
    async with two(database_url) as (one, other):
        lock = await obtained(one, "a lane")

        assert await other.try_acquire("a lane") is None
        assert await other.try_acquire("another lane") is not None
        await lock.release()
        assert await other.try_acquire("a lane") is not None
        assert await one.try_acquire("a lane") is None


async def test_asking_again_for_what_is_held_is_the_same_lock_obtained_at_the_same_time(database_url: str) -> None:
    clock = FakeClock()
    async with open_locks(database_url, clock) as locks:
        first = await obtained(locks, "a lane")
        clock.advance(timedelta(seconds=60))
        second = await obtained(locks, "a lane")
        await first.release()
        await first.release()
        third = await obtained(locks, "a lane")

    assert second is first
    assert (first.obtained, third.obtained) == (0.0, 60.0)


async def test_what_is_obtained_for_somebody_who_no_longer_waits_is_given_back(database_url: str) -> None:
    async with two(database_url) as (one, other):
        asking = asyncio.create_task(one.try_acquire("a lane"))
        await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking

        await obtained(other, "a lane")


async def test_what_was_released_once_does_not_end_what_was_obtained_after_it(database_url: str) -> None:
    async with two(database_url) as (one, other):
        first = await obtained(one, "a lane")
        await first.release()
        await obtained(one, "a lane")

        await first.release()

        assert await other.try_acquire("a lane") is None


async def test_all_locks_are_given_back_at_the_end(database_url: str) -> None:
    async with open_locks(database_url, FakeClock()) as one:
        await obtained(one, "a lane")
        await obtained(one, "another lane")

    async with open_locks(database_url, FakeClock()) as other:
        assert await other.try_acquire("a lane") is not None
        assert await other.try_acquire("another lane") is not None


async def test_a_pause_keeps_a_lock_and_death_frees_it(database_url: str) -> None:
    async with open_locks(database_url, FakeClock()) as locks:
        with child(HOLDER, database_url) as holder:
            await asyncio.to_thread(holder.says, "held")
            assert await locks.try_acquire("a lane") is None
            holder.signal(signal.SIGSTOP)
            for _ in range(5):
                assert await locks.try_acquire("a lane") is None

            holder.signal(signal.SIGKILL)

            assert (await obtained(locks, "a lane")).obtained == 0.0


async def test_a_lock_that_is_given_back_leaves_no_file(tmp_path: Path) -> None:
    async with open_locks(f"sqlite:///{tmp_path}/a.db", FakeClock()) as locks:
        for number in range(50):
            await (await obtained(locks, f"mail-{number}")).release()
        assert files(tmp_path) == []
        await obtained(locks, "kept to the end")
        assert len(files(tmp_path)) == 1

    assert files(tmp_path) == []


async def test_what_a_killed_process_leaves_goes_with_the_next_who_obtains_the_lock(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/a.db"
    with child(HOLDER, database_url) as holder:
        await asyncio.to_thread(holder.says, "held")
        holder.signal(signal.SIGKILL)

    async with open_locks(database_url, FakeClock()) as locks:
        assert len(files(tmp_path)) == 1
        await (await obtained(locks, "a lane")).release()

    assert files(tmp_path) == []


def test_of_many_who_take_a_lock_and_give_it_back_never_two_hold_it(tmp_path: Path) -> None:
    together, times, most = 0, 0, 0

    def take_turns(_: int) -> None:
        nonlocal together, times, most
        holder = FileHolder(tmp_path / "a.db")
        for _ in range(500):
            if holder.try_hold("a lane"):
                together, times = together + 1, times + 1
                most = max(most, together)
                time.sleep(0)  # let another thread go on
                together -= 1
                holder.give_back("a lane")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(take_turns, range(4)))

    assert (most, times > 100) == (1, True)


async def test_a_lock_whose_connection_was_lost_is_not_held_any_more(postgres: str) -> None:
    async with two(postgres) as (one, other):
        lost = await obtained(one, "a lane")
        end_sessions(postgres)

        taken = await obtained(other, "a lane")

        assert await one.try_acquire("a lane") is None
        await lost.release()
        await taken.release()
        assert await obtained(one, "a lane") is not lost


async def test_services_that_share_a_database_by_schemas_do_not_share_their_locks(postgres: str) -> None:
    run(postgres, "CREATE SCHEMA hr")

    async with open_locks(postgres, FakeClock()) as one:
        await obtained(one, "a lane")
        async with open_locks(f"{postgres}?options=-csearch_path%3Dhr", FakeClock()) as other:
            assert await other.try_acquire("a lane") is not None


async def test_nobody_has_a_lock_while_the_server_cannot_be_asked(free_port: int) -> None:
    async with open_locks(f"postgresql://nobody@127.0.0.1:{free_port}/nowhere", FakeClock()) as locks:
        assert await locks.try_acquire("a lane") is None


async def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="neither SQLite's nor PostgreSQL's"):
        async with open_locks("mysql://localhost/x", FakeClock()):
            pass


def end_sessions(database_url: str) -> None:
    """End all others, as a server that is restarted or a network that breaks does."""
    run(
        database_url,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def run(database_url: str, statement: str) -> None:
    engine = create_engine(read_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def files(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]
