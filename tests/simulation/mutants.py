"""Bugs to be planted: each replaces something of the runtime for a while, and no code of the product knows of it.

Each is a mistake that systems like this one really make. That simulation and checker find every one of them is what
makes their silence about the runtime worth something: `python -m tests.simulation.mutants` prints the table.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import greenlet
from sqlalchemy import Connection, text, update

from choreography.consume import start as beginning
from choreography.consume import subscription
from choreography.consume.backlog import Backlog
from choreography.consume.lane import LaneState, Partition
from choreography.consume.lanes import Lanes
from choreography.kafka.offsets import Offsets
from choreography.ledger import claims, statements
from choreography.ledger import rows as ledger
from choreography.ledger.begin import Opened, Opening
from choreography.ledger.effect_memory import LedgerMemory
from choreography.ledger.entry import Entry
from choreography.ledger.journal import Journal
from choreography.ledger.positions import Starts
from choreography.ledger.rows import Ledger
from choreography.ledger.table import ENDED, FINISHED
from choreography.ledger.table import ledger as table
from choreography.ledger.undoing import LookAhead, Undoing
from choreography.outbox import relay
from choreography.outbox.pending import Batch, oldest_waiting
from choreography.outbox.relay import Relay
from choreography.wire.record import TopicPartition
from tests.checker.anomaly import Anomaly, Name
from tests.simulation.chases import with_doubt, with_holds, with_late_requests, with_outbox, with_sleepers, with_zombies
from tests.simulation.database import SimDatabase
from tests.simulation.diary import Diary
from tests.simulation.directory import Directory
from tests.simulation.judging import judged
from tests.simulation.plan import Plan, plan_of
from tests.simulation.process import Process
from tests.simulation.relay import RelayLock
from tests.simulation.replacing import replaced
from tests.simulation.runner import be_silent, fix_the_order_of_sets
from tests.simulation.unbegun import judged_from_now, plan_from_now

MOST: Final = 1_000  # histories per mutant
Planting = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Mutant:
    """A bug.

    Attributes:
        name: of the bug.
        plants: brings it about, as long as the context is open.
        shows: the anomalies as which it can show; one of them has to be found.
        plans: draws the histories in which it is looked for.
        judges: lives them.
    """

    name: str
    plants: Planting
    shows: frozenset[Name]
    plans: Callable[[int], Plan] = plan_of
    judges: Callable[[Plan], list[Anomaly]] = judged


@contextmanager
def commit_the_highest() -> Iterator[None]:
    """Move a partition's position behind whatever has ended, though older records still run."""
    original = Lanes.on_done

    def on_done(self: Lanes, lane: LaneState) -> None:
        record = lane.queue[0] if lane.queue else None
        original(self, lane)
        if record is not None:
            lane.partition.position = max(lane.partition.position or 0, record.offset + 1)

    with replaced(Lanes, "on_done", on_done):
        yield


@contextmanager
def count_offsets_up() -> Iterator[None]:
    """Take "the last offset plus one" for the next one, which it is not where offsets have gaps."""
    original = Lanes.on_done

    next_one: dict[Partition, int] = {}
    ended: dict[Partition, set[int]] = defaultdict(set)

    def on_done(self: Lanes, lane: LaneState) -> None:
        partition = lane.partition
        if partition.fetched:
            next_one.setdefault(partition, partition.fetched[0])
        ended[partition] |= {record.offset for record in tuple(lane.queue)[:1]}
        original(self, lane)
        while next_one[partition] in ended[partition]:
            next_one[partition] += 1
        partition.position = next_one[partition]

    with replaced(Lanes, "on_done", on_done):
        yield


@contextmanager
def ask_no_ledger() -> Iterator[None]:
    """Act on every delivery, whatever the ledger says about an earlier one."""
    original = Journal.open

    async def open_anew(self: Journal, entry: Entry, **given: Any) -> Opened:
        def work(tx: Connection) -> bool:
            row = self.ledger.find(tx, entry)
            if row is None or row["state"] not in FINISHED or given.get("waited"):
                return False
            self.ledger.intend(tx, entry, row)
            return True

        return Opened(Opening.FIRST) if await self.persist(work) else await original(self, entry, **given)

    with replaced(Journal, "open", open_anew):
        yield


@contextmanager
def record_only_afterwards() -> Iterator[None]:
    """Write nothing down before the effect."""
    intend, intend_all, finish_all = Ledger.intend, Ledger.intend_all, Ledger.finish_all

    def intend_known(self: Ledger, tx: Connection, entry: Entry, row: Any) -> None:
        if row is not None:
            intend(self, tx, entry, row)

    def intend_none(_self: Ledger, _tx: Connection, _entries: Sequence[Entry]) -> None:
        """Leave it for later."""

    def insert_finished(self: Ledger, tx: Connection, ended: Sequence[tuple[Entry, str, str]]) -> None:
        intend_all(self, tx, [entry for entry, *_ in ended if self.find(tx, entry) is None])
        finish_all(self, tx, ended)

    with (
        replaced(Ledger, "intend", intend_known),
        replaced(Ledger, "intend_all", intend_none),
        replaced(Ledger, "finish_all", insert_finished),
    ):
        yield


@contextmanager
def write_without_if_match() -> Iterator[None]:
    """Overwrite whatever stands in a target by now."""
    put, cancel, change = Diary.put, Diary.cancel, Directory.change

    def put_over(self: Diary, uid: str, content: dict[str, Any], _if_match: int | None, **about: Any) -> bool:
        found = self.pages.get(uid)
        return put(self, uid, content, found.etag if found else None, **about)

    def cancel_anyway(self: Diary, uid: str, _if_match: int | None, **about: Any) -> bool:
        found = self.pages.get(uid)
        return cancel(self, uid, found.etag if found else None, **about)

    def change_over(self: Directory, group: str, person: str, *, if_match: int, **about: Any) -> bool:
        return change(self, group, person, if_match=self.groups[group].etag, **about)

    with (
        replaced(Diary, "put", put_over),
        replaced(Diary, "cancel", cancel_anyway),
        replaced(Directory, "change", change_over),
    ):
        yield


@contextmanager
def leave_no_tombstone() -> Iterator[None]:
    """Delete what is cancelled, and leave nothing behind."""
    cancel = Diary.cancel

    def delete(self: Diary, uid: str, if_match: int | None, *content: Any, **about: Any) -> bool:
        held = cancel(self, uid, if_match, *content, **about)
        if held:
            del self.pages[uid]
        return held

    with replaced(Diary, "cancel", delete):
        yield


@contextmanager
def check_no_claim() -> Iterator[None]:
    """Let a member write that lost its partition long ago: nobody's claim voids another's."""
    everybody_the_same = text(
        "INSERT INTO claims (topic, partition, number) VALUES (:topic, :partition, 1) "
        "ON CONFLICT (topic, partition) DO UPDATE SET number = claims.number RETURNING number"
    )
    with replaced(claims, "_TAKE", everybody_the_same):
        yield


@contextmanager
def look_not_ahead() -> Iterator[None]:
    """Act on what the backlog undoes."""

    async def undone_by(*_given: Any) -> None:
        return None

    with replaced(LookAhead, "undone_by", undone_by):
        yield


@contextmanager
def skip_what_has_begun() -> Iterator[None]:
    """Close what is undone, though its effect may have happened, without finding out."""
    original = Journal.open

    async def open_or_skip(self: Journal, entry: Entry, *, undone_by: Undoing | None, **given: Any) -> Opened:
        def work(tx: Connection) -> bool:
            row = self.ledger.find(tx, entry)
            if undone_by is None or row is None or row["state"] in (ENDED if given.get("waited") else FINISHED):
                return False
            self.skip(tx, entry, statements.undone(self.group, entry, undone_by, self.clock.now()))
            return True

        if await self.persist(work):
            return Opened(Opening.UNDONE)
        return await original(self, entry, undone_by=undone_by, **given)

    with replaced(Journal, "open", open_or_skip):
        yield


@contextmanager
def decide_anew() -> Iterator[None]:
    """Decide again on a repeat, and overwrite what had been decided."""

    async def nothing(_self: LedgerMemory) -> None:
        return None

    overwriting = update(table).where(ledger._OF)
    with replaced(LedgerMemory, "decided", nothing), replaced(ledger, "_DECIDE", overwriting):
        yield


@contextmanager
def load_no_rows() -> Iterator[None]:
    """Begin with a partition as if the ledger kept no records of it."""

    def load(_self: Backlog, _tx: Connection, _partitions: Any) -> set[Any]:
        return set()

    with replaced(Backlog, "load", load):
        yield


@contextmanager
def begin_nowhere() -> Iterator[None]:
    """Write no begin positions down: an idle partition begins anew at every assignment, where `starts` says."""

    def begin(
        _journal: Journal, starts: Starts, given: Sequence[TopicPartition], ask: Offsets
    ) -> Mapping[TopicPartition, int]:
        committed = {at: one.offset for at, one in ask.committed().items() if at in given}
        return beginning._first_positions(starts, [at for at in given if at not in committed], ask) | committed

    with replaced(subscription, "begin", begin), _offsets_stored_only_when_moved():
        yield


def _offsets_stored_only_when_moved() -> AbstractContextManager[None]:
    from choreography.kafka.consumer import KafkaConsumer  # noqa: PLC0415

    original = KafkaConsumer._on_assign

    def on_assign(self: KafkaConsumer, consumer: Any, partitions: Any) -> None:
        with replaced(KafkaConsumer, "_store", lambda *_given: None):
            original(self, consumer, partitions)

    return replaced(KafkaConsumer, "_on_assign", on_assign)


@contextmanager
def run_two_relays() -> Iterator[None]:
    """Let every relay be active; each leaves alone what another one has in its hands (`SKIP LOCKED`)."""
    locks: dict[tuple[int, int], greenlet.greenlet] = {}
    processes: dict[greenlet.greenlet, Process] = {}
    oldest, step = oldest_waiting, Relay.step

    def unlocked(tx: Connection, *given: int) -> Batch:
        own = greenlet.getcurrent()
        batch, found = oldest(tx, *given), []
        for row in batch.rows:
            holder = locks.get((id(tx), row.row), own)
            if holder is own or not processes[holder].alive:
                locks[id(tx), row.row] = own
                found.append(row)
        return batch._replace(rows=found)

    def locked_step(self: Relay) -> int:
        own = greenlet.getcurrent()
        processes[own] = cast("SimDatabase", self._database)._process
        try:
            return step(self)
        finally:
            for lock in [lock for lock, holder in locks.items() if holder is own]:
                del locks[lock]

    with (
        replaced(relay, "oldest_waiting", unlocked),
        replaced(Relay, "step", locked_step),
        replaced(RelayLock, "take", lambda _self, _process: True),
    ):
        yield


MUTANTS: Final = (
    Mutant(
        "commit the highest instead of the prefix",
        commit_the_highest,
        frozenset({Name.OFFSET_PAST_UNDONE, Name.LOST_EFFECT}),
    ),
    Mutant("offset + 1", count_offsets_up, frozenset({Name.WEDGED_PARTITION})),
    Mutant(
        "no ledger",
        ask_no_ledger,
        frozenset({Name.DUPLICATE_EFFECT, Name.REPLAY_EFFECT, Name.UNFLAGGED_AMBIGUITY}),
    ),
    Mutant("record only after the effect", record_only_afterwards, frozenset({Name.EFFECT_WITHOUT_INTENT})),
    Mutant(
        "no If-Match",
        write_without_if_match,
        frozenset({Name.STALE_EFFECT, Name.WRONG_FINAL_STATE, Name.DUPLICATE_EFFECT}),
        with_zombies,
    ),
    Mutant(
        "no claim",
        check_no_claim,
        frozenset({Name.STALE_EFFECT, Name.WRONG_FINAL_STATE, Name.GHOST_EVENT}),
        with_sleepers,
    ),
    Mutant(
        "cancelled without a tombstone",
        leave_no_tombstone,
        frozenset({Name.STALE_EFFECT, Name.WRONG_FINAL_STATE, Name.DUPLICATE_EFFECT}),
        with_late_requests,
    ),
    Mutant("no look-ahead", look_not_ahead, frozenset({Name.STALE_EFFECT})),
    Mutant(
        "SKIPPED although begun",
        skip_what_has_begun,
        frozenset({Name.LOST_EFFECT, Name.WRONG_FINAL_STATE}),
        with_doubt,
    ),
    Mutant(
        "decided overwritten",
        decide_anew,
        frozenset({Name.WRONG_FINAL_STATE, Name.DUPLICATE_EFFECT}),
    ),
    Mutant(
        "rows with a record not loaded",
        load_no_rows,
        frozenset({Name.WEDGED_PARTITION, Name.LOST_EFFECT, Name.EARLY_EFFECT}),
        with_holds,
    ),
    Mutant(
        "idle partitions without a begin position",
        begin_nowhere,
        frozenset({Name.LOST_EFFECT, Name.OFFSET_PAST_UNDONE, Name.WEDGED_PARTITION}),
        plan_from_now,
        judged_from_now,
    ),
    Mutant("two active relays", run_two_relays, frozenset({Name.OVERTAKEN_EVENT}), with_outbox),
)


@dataclass(frozen=True)
class Hunt:
    """How the search for a mutant ended.

    Attributes:
        histories: how many were lived.
        plan: the last of them.
        found: what shows the bug there, and is not there without the bug; `None` if it was not found.
    """

    mutant: Mutant
    histories: int
    plan: Plan
    found: Anomaly | None


def hunt(mutant: Mutant, histories: int, first: int = 0) -> Hunt:
    """Live histories with a bug, until it shows."""
    for number in range(histories):
        plan = mutant.plans(first + number)
        with mutant.plants():
            found = _shown(mutant, plan)
        if found is not None and _shown(mutant, plan) is None:
            return Hunt(mutant, number + 1, plan, found)
    return Hunt(mutant, histories, plan, None)


def _shown(mutant: Mutant, plan: Plan) -> Anomaly | None:
    return next((one for one in mutant.judges(plan) if one.name in mutant.shows), None)


def main(names: Sequence[str]) -> int:
    """Print for each mutant, or for those that are named, as what it was found, and after how many histories."""
    missed = 0
    sys.stdout.write("| planted | found as | histories until then |\n|---|---|---|\n")
    for mutant in [one for one in MUTANTS if not names or one.name in names]:
        end = hunt(mutant, MOST)
        missed += end.found is None
        named = end.found.name if end.found else "NOT FOUND"
        sys.stdout.write(f"| {mutant.name} | {named} | {end.histories} |\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    fix_the_order_of_sets()
    be_silent()
    sys.exit(main(sys.argv[1:]))
