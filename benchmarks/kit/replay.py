"""Row `replay`: a hundred thousand events come again whose effects are in the ledger: nothing happens, quickly."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.figures import Figure, at_least, at_most, plain
from benchmarks.kit.bed import CUSTOMERS, MANY, Bed
from benchmarks.kit.member import TABLES, Member, worker_of
from benchmarks.kit.past import done_rows, write
from benchmarks.kit.shop import CountingShelf, Ports, packing
from choreography.database import Database


def measure(bed: Bed) -> Iterator[Figure]:
    """Fill a ledger with all that the topic holds, and read the topic from its beginning."""
    topic, group, shelf = bed.many(), bed.group("replay"), CountingShelf()
    file = _finished_ledger(bed, group)
    member = Member(group=group, topic=topic, handling=worker_of(packing(group), Ports(shelf)), database=file)
    span = member.run(bed, "replay", warm=0, number=MANY)
    yield at_least(f"replay of {MANY:,} finished events", span.rate, 20_000, "/s", 0)
    yield plain("  processor time of each", span.busy / span.events * 1e6, "µs", 0)
    yield at_most("  effects meanwhile", shelf.effects, 0, "", 0)


def _finished_ledger(bed: Bed, group: str) -> Path:
    file = bed.folder / f"{group}.db"
    with closing(Database(f"sqlite:///{file}")) as database, bed.steps.part("a ledger that knows them", MANY) as told:
        database.create(*TABLES)
        write(database, done_rows(group, range(MANY), CUSTOMERS), told)
    return file
