"""Row `growth`: what an event costs when the ledger holds a million rows, beside ten thousand."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, at_most, plain
from benchmarks.kit.bed import Bed
from benchmarks.kit.member import TABLES, Member, worker_of
from benchmarks.kit.past import multiply
from benchmarks.kit.shop import CountingShelf, Ports, packing
from benchmarks.kit.span import Span, median_rate, times_as_busy, times_as_fast
from choreography.database.database import Database

SMALL: Final = 10_000
LARGE: Final = 1_000_000
ROUNDS: Final = 5
NUMBER: Final = 5_000
WARM: Final = 500
LIMIT: Final = 1.1


def measure(bed: Bed) -> Iterator[Figure]:
    """Let two groups go on, in turns; each has its own ledger."""
    topic = bed.many()
    members = [_member(bed, topic, rows) for rows in (LARGE, SMALL)]
    pairs = [(_round(bed, members[0], turn), _round(bed, members[1], turn)) for turn in range(ROUNDS)]
    yield plain(f"effects with {SMALL:,} rows in the ledger", median_rate(few for _, few in pairs), "/s", 0)
    yield plain(f"effects with {LARGE:,} rows", median_rate(many for many, _ in pairs), "/s", 0)
    yield at_most("  time of an event ÷ the same with few rows", 1 / times_as_fast(pairs), LIMIT, "ratio", 2)
    yield plain("  processor time of an event ÷ the same", times_as_busy(pairs), "ratio", 2)


def _member(bed: Bed, topic: str, rows: int) -> Member:
    group = bed.group("growth")
    file: Path = bed.folder / f"{group}.db"
    with closing(Database(f"sqlite:///{file}")) as database, bed.steps.part(f"a ledger of {rows:,} rows", rows) as told:
        database.create(*TABLES)
        multiply(database, group, rows, told)
    return Member(group=group, topic=topic, handling=worker_of(packing(group), Ports(CountingShelf())), database=file)


def _round(bed: Bed, member: Member, turn: int) -> Span:
    return member.run(bed, f"{turn + 1} of {ROUNDS}", warm=WARM, number=NUMBER)
