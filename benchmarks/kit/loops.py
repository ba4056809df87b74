"""Event loops that have nothing else to do, to which a thread hands calls over at a steady rate."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from time import perf_counter, sleep

from sqlalchemy import Connection, insert

from benchmarks.kit.bed import Bed
from benchmarks.spread import Spread
from choreography.database.database import Database
from choreography.outbox.outbox import metadata as outbox_tables
from choreography.outbox.outbox import outbox
from choreography.process.process import run_loop


def empty_loop(number: int, rate: float, warm: int) -> Spread:
    """Return how long a call takes to get there, so many times; the first ones are not counted."""
    return run_loop(_handed_over(_nothing, number, rate, warm))


def committing_loop(bed: Bed, number: int, rate: float, warm: int) -> Spread:
    """Return how long it takes until a row is committed; one more afterwards only keeps the disk as busy."""
    row = insert(outbox).values(topic="bench", headers="{}", created_at="")

    def write(tx: Connection) -> None:
        tx.execute(row)

    with closing(Database(f"sqlite:///{bed.folder / 'committing.db'}")) as database:
        database.create(outbox_tables)
        return run_loop(_handed_over(lambda: database.run(write), number, rate, warm))


async def _handed_over(commit: Callable[[], Awaitable[None]], number: int, rate: float, warm: int) -> Spread:
    loop, took, over = asyncio.get_running_loop(), [], asyncio.Event()
    tasks = set[asyncio.Task[None]]()

    async def note(at: float) -> None:
        await commit()
        took.append((perf_counter() - at) * 1e3)
        await commit()
        if len(took) == number:
            over.set()

    def begin(at: float) -> None:
        task = loop.create_task(note(at))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def hand_over() -> None:
        for _ in range(number):
            sleep(1 / rate)
            loop.call_soon_threadsafe(begin, perf_counter())

    threading.Thread(target=hand_over, name="handing over", daemon=True).start()
    await over.wait()
    return Spread.of(took[warm:])


async def _nothing() -> None:
    """Commit nothing."""
