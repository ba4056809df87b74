"""Row `replay`: a hundred thousand events come again whose effects are in the ledger: nothing happens, quickly."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, at_least, at_most, plain
from benchmarks.kit.bed import MANY, Bed
from benchmarks.kit.member import TABLES, Member, worker_of
from benchmarks.kit.past import done_rows, write
from benchmarks.kit.shop import CountingShelf, Ports, packing
from benchmarks.kit.span import Moment, Span
from choreography.database.database import Database
from choreography.process.process import run_loop
from choreography.wire.record import TopicPartition

_SECONDS: Final = 120.0


def measure(bed: Bed) -> Iterator[Figure]:
    """Fill a ledger with all that the topic holds, and read the topic from its beginning."""
    topic, group, shelf = bed.many(), bed.group("replay"), CountingShelf()
    file = _finished_ledger(bed, group, topic)
    member = Member(group=group, topic=topic, handling=worker_of(packing(group), Ports(shelf)), database=file)
    with bed.steps.part("replay", MANY) as told:
        span = run_loop(_replayed(bed, member, told))
    yield at_least(f"replay of {MANY:,} finished events", span.rate, 20_000, "/s", 0)
    yield plain("  processor time of each", span.busy / span.events * 1e6, "µs", 0)
    yield at_most("  effects meanwhile", shelf.effects, 0, "", 0)


def _finished_ledger(bed: Bed, group: str, topic: str) -> Path:
    file = bed.folder / f"{group}.db"
    with closing(Database(f"sqlite:///{file}")) as database, bed.steps.part("a ledger that knows them", MANY) as told:
        database.create(*TABLES)
        write(database, asyncio.run(done_rows(bed, group, topic)), told)
    return file


async def _replayed(bed: Bed, member: Member, told: Callable[[int], None]) -> Span:
    """Return how long it takes from the first batch until the positions of all partitions are at the end."""
    over: asyncio.Future[Moment] = asyncio.get_running_loop().create_future()
    begun: list[Moment] = []

    def settled(positions: Mapping[TopicPartition, int]) -> None:
        reached = sum(positions.values())  # every partition begins at 0 and has no gaps
        told(min(reached, MANY))
        if reached >= MANY and not over.done():
            over.set_result(Moment.now())

    async with member.parts(bed) as parts, member.consuming(bed, parts, member.handling(parts)) as (watched, failed):
        watched.on_batch = lambda _batch: None if begun else begun.append(Moment.now())
        watched.on_settled = settled
        await asyncio.wait((over, failed), timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        if not over.done():
            raise TimeoutError(f"The replay was not over after {_SECONDS:g} s.")
        return begun[0].until(over.result(), MANY)
