import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from choreography import ClaimLost, InvalidSettings, Service, SystemClock, on
from choreography.consume.lane import After, Lane
from choreography.consume.subscription import Subscription
from choreography.kafka.offsets import Committed
from choreography.ledger.held_record import HeldRecord
from choreography.ledger.positions import Starts, ledger_id
from choreography.records import LedgerBegan
from choreography.wire.record import Record, TopicPartition
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack
from tests.shop.runtime import Runtime, running

AT = TopicPartition("shop.orders.v1", 0)
IDLE = TopicPartition("shop.orders.v1", 1)


class Broker:
    """What the broker knows about two partitions, one of them empty."""

    def partitions(self) -> Sequence[TopicPartition]:
        return [AT, IDLE]

    def committed(self) -> Mapping[TopicPartition, Committed]:
        return {}

    def watermarks(self, at: TopicPartition) -> tuple[int, int]:
        return (3, 10) if at == AT else (0, 0)

    def cases(self, spans: Mapping[TopicPartition, tuple[int, int]]) -> int | None:
        return None

    def since(self, partitions: Sequence[TopicPartition], timestamp_ms: int) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, timestamp_ms // 1_000_000_000)


class Consumer:
    def __init__(self) -> None:
        self.stored: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()

    def store(self, positions: Mapping[TopicPartition, int]) -> None:
        self.stored |= positions

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self.paused -= set(partitions)


class Slow:
    """A worker whose records end when they are let go."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.ended: list[int] = []
        self.claims: list[int] = []
        self.go = asyncio.Event()
        self.lost = 0

    async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
        self.began.append(record.offset)
        self.claims.append(lane.claim)
        if self.lost:
            self.lost -= 1
            raise ClaimLost
        await self.go.wait()
        self.ended.append(record.offset)
        return After.GO_ON


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    service = Service[Ports](group="shop.warehouse", starts="earliest", reactions=[reaction])
    async with running(service, Ports(Store()), tmp_path) as one:
        yield one


def subscription(
    runtime: Runtime, worker: Slow, *, starts: Starts = "earliest", drain: float = 5
) -> tuple[Subscription, Consumer]:
    one = Subscription(worker, runtime.journal, runtime.health, starts=starts, drain_seconds=drain, fence_seconds=0.01)
    consumer = Consumer()
    one.consumer = consumer
    return one, consumer


async def on_thread(call: Callable[[], object]) -> object:
    """Call as the consumer's thread does."""
    return await asyncio.to_thread(call)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def is_draining(one: Subscription) -> bool:
    partition = one._lanes.partition(AT)
    return partition is not None and partition.draining.is_set()


def record(offset: int, key: bytes = b"c1") -> Record:
    return Record(AT.topic, AT.partition, offset, key, b"")


@pytest.mark.parametrize(
    ("starts", "begin"),
    [("earliest", {AT: 3, IDLE: 0}), ("now", {AT: 10, IDLE: 0}), (date(2026, 1, 1), {AT: 1767, IDLE: 1767})],
)
async def test_a_new_group_begins_where_it_says_in_idle_partitions_too(
    runtime: Runtime, starts: Starts, begin: dict[TopicPartition, int]
) -> None:
    one, _ = subscription(runtime, Slow(), starts=starts)

    assert await on_thread(lambda: one.begins([AT, IDLE], Broker())) == begin
    (began,) = await runtime.stated(LedgerBegan)
    assert isinstance(began, LedgerBegan)
    assert {TopicPartition(place.topic, place.partition): place.offset for place in began.positions} == begin


async def test_a_group_that_began_begins_at_the_same_place_again(runtime: Runtime) -> None:
    one, _ = subscription(runtime, Slow(), starts="earliest")
    await on_thread(lambda: one.begins([AT], Broker()))
    another, _ = subscription(runtime, Slow(), starts="now")

    assert await on_thread(lambda: another.begins([AT], Broker())) == {AT: 3}


async def test_a_member_is_ready_once_it_has_joined_even_without_a_partition(runtime: Runtime) -> None:
    one, _ = subscription(runtime, Slow())
    before = runtime.health.ready

    await on_thread(lambda: one.assigned({}))
    await until(lambda: runtime.health.ready)

    assert not before


async def test_positions_are_stored_only_when_records_have_ended(runtime: Runtime) -> None:
    worker = Slow()
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0}))

    await on_thread(lambda: one.records([record(5), record(6, b"c2")]))
    await until(lambda: len(worker.began) == 2)
    before = dict(consumer.stored)
    worker.go.set()
    await one.drained()

    assert before == {}
    assert consumer.stored == {AT: 7}


async def test_a_revocation_waits_for_what_is_in_flight_and_starts_nothing_more(runtime: Runtime) -> None:
    worker = Slow()
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0}))
    await on_thread(lambda: one.records([record(5), record(6)]))
    await until(lambda: worker.began == [5])

    with ThreadPoolExecutor() as pool:
        revoked = pool.submit(one.revoked, [AT])
        await until(lambda: is_draining(one))
        worker.go.set()
        positions = await asyncio.wrap_future(revoked)

    assert consumer.stored | dict(positions) == {AT: 6}
    assert worker.ended == [5]


async def test_a_revocation_gives_up_at_the_deadline_and_stores_only_what_ended(runtime: Runtime) -> None:
    worker = Slow()
    one, _ = subscription(runtime, worker, drain=0.01)
    await on_thread(lambda: one.assigned({AT: 0}))
    await on_thread(lambda: one.records([record(5)]))
    await until(lambda: worker.began == [5])

    assert await on_thread(lambda: one.revoked([AT])) == {}


async def test_a_record_that_waits_for_its_next_attempt_does_not_hold_up_a_revocation(runtime: Runtime) -> None:
    class Resting(Slow):
        async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
            self.began.append(record.offset)
            await lane.rest(3_600)
            return After.GO_ON

    worker = Resting()
    one, consumer = subscription(runtime, worker, drain=60)
    runtime.journal.clock = SystemClock()
    await on_thread(lambda: one.assigned({AT: 0}))
    await on_thread(lambda: one.records([record(5), record(6)]))
    await until(lambda: worker.began == [5])

    positions = await on_thread(lambda: one.revoked([AT]))

    assert (positions, consumer.stored, worker.began) == ({}, {}, [5])


async def test_what_is_lost_is_forgotten_at_once(runtime: Runtime) -> None:
    worker = Slow()
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0}))
    await on_thread(lambda: one.records([record(5)]))
    await until(lambda: worker.began == [5])

    await on_thread(lambda: one.lost([AT]))
    await one.drained()

    assert worker.ended == []
    assert consumer.stored == {}


async def test_each_assignment_takes_a_new_claim(runtime: Runtime) -> None:
    worker = Slow()
    worker.go.set()
    one, _ = subscription(runtime, worker)

    for offset in (5, 6):
        await on_thread(lambda: one.assigned({AT: 0}))
        await on_thread(lambda offset=offset: one.records([record(offset)]))  # type: ignore[misc]
        await until(lambda offset=offset: offset in worker.ended)  # type: ignore[misc]

    assert worker.claims[1] == worker.claims[0] + 1


async def test_a_member_that_still_owns_the_partition_claims_it_again(runtime: Runtime) -> None:
    worker = Slow()
    worker.go.set()
    worker.lost = 1
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0}))

    await on_thread(lambda: one.records([record(5)]))
    await until(lambda: bool(consumer.stored))

    assert worker.began == [5, 5]
    assert worker.claims[1] == worker.claims[0] + 1


async def test_a_member_that_lost_what_filled_it_fetches_again(runtime: Runtime) -> None:
    worker = Slow()
    one, consumer = subscription(runtime, worker, drain=0.01)
    await on_thread(lambda: one.assigned({AT: 0, IDLE: 0}))
    await on_thread(lambda: one.records([record(offset) for offset in range(3_000)]))
    await until(lambda: consumer.paused == {AT, IDLE})

    await on_thread(lambda: one.revoked([AT]))

    await until(lambda: IDLE not in consumer.paused)


async def test_a_partition_that_comes_back_is_fetched_whatever_it_was_before(runtime: Runtime) -> None:
    worker = Slow()
    worker.go.set()
    one, consumer = subscription(runtime, worker)
    consumer.paused = {AT}  # the client remembers it over a rebalance

    await on_thread(lambda: one.assigned({AT: 0}))

    await until(lambda: consumer.paused == set())


async def test_lanes_that_lost_a_claim_take_one_new_claim_together(runtime: Runtime) -> None:
    class Fenced(Slow):
        async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
            self.claims.append(lane.claim)
            if lane.claim == 1:
                raise ClaimLost
            self.ended.append(record.offset)
            return After.GO_ON

    worker = Fenced()
    one, _ = subscription(runtime, worker)
    await runtime.database.run(lambda tx: tx.exec_driver_sql("DELETE FROM claims"))
    await on_thread(lambda: one.assigned({AT: 0}))

    await on_thread(lambda: one.records([record(offset, str(offset).encode()) for offset in range(5)]))
    await until(lambda: len(worker.ended) == 5)

    assert set(worker.claims) == {1, 2}


async def test_partitions_that_were_never_assigned_can_be_revoked(runtime: Runtime) -> None:
    one, _ = subscription(runtime, Slow())

    assert await on_thread(lambda: one.revoked([AT])) == {}


async def test_a_bug_of_the_runtime_stops_one_lane_loudly_and_nobody_else(runtime: Runtime) -> None:
    class Broken(Slow):
        async def handle(self, record: Record, lane: Lane, waited: HeldRecord | None = None) -> After:
            self.began.append(record.offset)
            if record.key == b"unlucky" and self.began.count(record.offset) < 3:
                health.append(runtime.health.report())
                raise AttributeError("a bug")
            return After.GO_ON

    health: list[dict[str, object]] = []
    worker = Broken()
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0}))

    await on_thread(lambda: one.records([record(5, b"unlucky"), record(6, b"lucky")]))
    await one.drained()

    assert worker.began.count(5) == 3
    assert consumer.stored == {AT: 7}
    assert "AttributeError" in str(health[1])
    assert runtime.health.ready


async def test_fetching_pauses_while_too_much_is_unfinished(runtime: Runtime) -> None:
    worker = Slow()
    one, consumer = subscription(runtime, worker)
    await on_thread(lambda: one.assigned({AT: 0, IDLE: 0}))

    await on_thread(lambda: one.records([record(offset) for offset in range(3_000)]))
    await until(lambda: consumer.paused == {AT, IDLE})
    worker.go.set()
    await one.drained()

    assert consumer.paused == set()


async def test_a_ledger_of_another_group_is_refused(runtime: Runtime) -> None:
    await runtime.database.run(lambda tx: ledger_id(tx, "shop.warehouse"))

    with pytest.raises(InvalidSettings, match=r"the ledger of shop\.warehouse"):
        await runtime.database.run(lambda tx: ledger_id(tx, "shop.billing"))
