"""What waits in the ledger: held, queued, released, dropped, undone, and run in the order of its lane."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from choreography import Effect, Event, Hold, NothingToDo, Reject, Retry, Service, Unavailable, effect_key, on
from choreography.consume.subscription import Subscription
from choreography.ledger.hold import Holding
from choreography.ledger.table import ledger
from choreography.records import (
    HoldReason,
    ReactionDropped,
    ReactionHeld,
    ReactionReleased,
    ReactionSkipped,
    SkipCause,
)
from choreography.testing.fake import FakeClock
from choreography.wire.record import Record, TopicPartition
from choreography.wire.schema_client import FakeRegistry
from tests.shop.facts import OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked, Shelf, cancelled, placed
from tests.shop.runtime import Runtime, running

GROUP = "shop.warehouse"
AT = TopicPartition("shop.orders.v1", 0)
LATER = timedelta(minutes=10)
DAYS = timedelta(days=8)


@dataclass
class Shop:
    """A target that does what each order's script says, and writes down what happened."""

    scripts: dict[UUID, list[Exception | None]] = field(default_factory=dict)
    log: list[tuple[str, UUID]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def attempt(self, what: str, order: UUID) -> None:
        script = self.scripts.get(order, [])
        error = script.pop(0) if script else None
        if error is not None:
            raise error
        self.log.append((what, order))


@dataclass(frozen=True)
class Ports:
    store: Shop


async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    ports.store.effects.append(effect)

    async def choose() -> Shelf:
        return Shelf(place=event.article)

    await effect.once(Shelf, choose)
    ports.store.attempt("packed", event.order_id)
    return ParcelPacked(parcel=event.article)


async def unpack(event: OrderCancelled, ports: Ports, effect: Effect) -> ParcelUnpacked:
    packed, left = await effect.earlier(ParcelPacked), await effect.unfinished(Shelf)
    if packed is None and not left:
        raise NothingToDo("nothing was packed")
    ports.store.attempt("unpacked", event.order_id)
    return ParcelUnpacked(parcel=packed.parcel if packed else left[0].place)


def warehouse(*, repeatable: bool = True) -> Service[Ports]:
    return Service(
        group=GROUP,
        starts="earliest",
        reactions=[
            on(
                OrderPlaced,
                pack,
                publishes=(ParcelPacked,),
                target="store",
                unless=(OrderCancelled,),
                repeatable=repeatable,
            ),
            on(OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="store"),
        ],
    )


class Consumer:
    def __init__(self) -> None:
        self.stored: dict[TopicPartition, int] = {}

    def store(self, positions: Mapping[TopicPartition, int]) -> None:
        self.stored |= positions

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Nothing is paused here."""

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Nothing is paused here."""


class Member:
    """A member of the group, fed by hand."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.shop: Shop = runtime.ports.store
        self.clock: FakeClock = runtime.clock
        self.consumer = Consumer()
        self._start()

    def _start(self) -> None:
        self.subscription = Subscription(
            self.runtime.worker,
            self.runtime.journal,
            self.runtime.health,
            starts="earliest",
            drain_seconds=5,
            fence_seconds=0.01,
        )
        self.subscription.consumer = self.consumer

    async def restart(self) -> None:
        """Forget everything but the database, as a crash does; nothing is delivered again."""
        self._start()
        await asyncio.to_thread(self.subscription.assigned, {AT: self.consumer.stored.get(AT, 0)})
        await self.settled()

    async def receive(self, *events: Event) -> list[Record]:
        records = [self.runtime.record(event) for event in events]
        await self.deliver(*records)
        return records

    async def deliver(self, *records: Record) -> None:
        self.subscription.on_records(records)
        await self.settled()

    async def tick(self, after: timedelta = timedelta(0)) -> None:
        self.clock.advance(after)
        await self.subscription.tick()
        await self.settled()

    async def settled(self) -> None:
        async with asyncio.timeout(20):
            await asyncio.sleep(0)
            await self.subscription.drained()

    def mark(self, order: str, event: Event) -> None:
        """Order what a person orders."""
        key = str(effect_key(event.event_id, GROUP))
        statement = update(ledger).where(ledger.c.effect_key == key, ledger.c.state == "HELD").values(ordered=order)
        assert self.runtime.database.run_sync(lambda tx: tx.execute(statement).rowcount) == 1

    def states(self) -> list[str]:
        return [row.state if row.state != "HELD" else row.hold_reason for row in self.runtime.rows()]


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Member]:
    async for one in member_of(warehouse(), tmp_path):
        yield one


async def member_of(service: Service[Any], folder: Path) -> AsyncIterator[Member]:
    async with running(service, Ports(Shop()), folder, FakeRegistry()) as runtime:
        one = Member(runtime)
        await asyncio.to_thread(one.subscription.assigned, {AT: 0})
        yield one


def orders(count: int, customer: str = "c1") -> list[OrderPlaced]:
    return [placed(customer) for _ in range(count)]


async def test_a_record_that_failed_blocks_its_lane_and_nobody_else(member: Member) -> None:
    bad, next_one = orders(2)
    (other,) = orders(1, "c2")
    member.shop.scripts[bad.order_id] = [Reject("no")]

    await member.receive(bad, next_one, other)

    assert member.shop.log == [("packed", other.order_id)]
    assert sorted(member.states()) == ["DONE", "FAILED", "QUEUED"]
    assert member.consumer.stored == {AT: 4}


async def test_what_was_released_runs_before_what_queued_behind_it_and_says_so(member: Member) -> None:
    bad, next_one = orders(2)
    member.shop.scripts[bad.order_id] = [Reject("no")]
    await member.receive(bad, next_one)

    member.mark("release", bad)
    await member.tick()

    assert member.shop.log == [("packed", bad.order_id), ("packed", next_one.order_id)]
    assert [effect.released for effect in member.shop.effects] == [False, True, False]
    assert member.states() == ["DONE", "DONE"]
    assert len(await member.runtime.stated(ReactionReleased)) == 2


async def test_what_was_dropped_is_never_run_and_what_queued_behind_it_is(member: Member) -> None:
    bad, next_one = orders(2)
    member.shop.scripts[bad.order_id] = [Reject("no")]
    await member.receive(bad, next_one)

    member.mark("drop", bad)
    await member.tick()

    assert member.shop.log == [("packed", next_one.order_id)]
    assert member.states() == ["SKIPPED", "DONE"]
    assert len(await member.runtime.stated(ReactionDropped)) == 1


async def test_a_release_that_fails_again_blocks_again_and_is_stated_anew(member: Member) -> None:
    bad, next_one = orders(2)
    member.shop.scripts[bad.order_id] = [Reject("no"), Reject("no")]
    await member.receive(bad, next_one)

    member.mark("release", bad)
    await member.tick()

    assert member.shop.log == []
    assert member.states() == ["FAILED", "QUEUED"]
    held = await member.runtime.stated(ReactionHeld)
    assert len({one.event_id for one in held}) == 3


async def test_what_arrives_after_a_release_runs_after_what_queued(member: Member) -> None:
    bad, second, third = orders(3)
    member.shop.scripts[bad.order_id] = [Reject("no")]
    await member.receive(bad, second)

    member.mark("release", bad)
    member.subscription.on_records([member.runtime.record(third)])
    await member.tick()

    assert [order for _, order in member.shop.log] == [bad.order_id, second.order_id, third.order_id]


async def test_a_blocked_lane_is_blocked_after_a_restart(member: Member) -> None:
    bad, next_one = orders(2)
    member.shop.scripts[bad.order_id] = [Reject("no")]
    await member.receive(bad)

    await member.restart()
    await member.receive(next_one)

    assert member.shop.log == []
    assert member.states() == ["FAILED", "QUEUED"]


async def test_a_released_record_that_a_crash_interrupts_is_run_by_the_next_owner(member: Member) -> None:
    (bad,) = orders(1)

    member.shop.scripts[bad.order_id] = [Reject("no"), asyncio.CancelledError()]  # type: ignore[list-item]
    await member.receive(bad)
    member.mark("release", bad)
    await member.tick()
    assert member.states() == ["INTENT"]

    await member.restart()

    assert member.shop.log == [("packed", bad.order_id)]
    assert member.shop.effects[-1].released
    assert member.states() == ["DONE"]


async def test_an_effect_is_told_which_question_a_release_answers_until_it_was_attempted(member: Member) -> None:
    (asked,) = orders(1)
    later, crash = Retry("greylisted", after=timedelta(minutes=6)), asyncio.CancelledError()
    member.shop.scripts[asked.order_id] = [Hold("may I?"), later, Hold("really?"), crash]  # type: ignore[list-item]
    await member.receive(asked)

    member.mark("release", asked)
    await member.tick()
    await member.tick(timedelta(minutes=7))
    member.mark("release", asked)
    await member.tick()
    await member.restart()

    answered = [(effect.released, effect.answered) for effect in member.shop.effects]
    assert answered == [(False, None), (True, "may I?"), (True, None), (True, "really?"), (True, None)]
    assert member.states() == ["DONE"]


async def test_what_is_tried_in_vain_for_minutes_waits_and_is_released_by_time(member: Member) -> None:
    slow, next_one = orders(2)
    member.shop.scripts[slow.order_id] = [Retry("greylisted", after=timedelta(minutes=6))]
    await member.receive(slow, next_one)
    assert member.states() == ["LATER", "QUEUED"]
    assert member.consumer.stored == {AT: 3}

    await member.tick(timedelta(minutes=1))
    assert member.shop.log == []
    await member.tick(LATER)

    assert member.shop.log == [("packed", slow.order_id), ("packed", next_one.order_id)]


async def test_what_waited_before_waits_longer_each_time(member: Member) -> None:
    (slow,) = orders(1)
    member.shop.scripts[slow.order_id] = [Retry("no", after=timedelta(minutes=6)), *[Retry("no")] * 3]
    await member.receive(slow)
    waits = []

    for _ in range(3):
        (row,) = member.runtime.rows()
        waits.append(row.not_before)
        await member.tick(timedelta(hours=3))

    assert waits == sorted(waits)
    assert member.states() == ["LATER"]
    await member.tick(timedelta(hours=3))
    assert member.states() == ["DONE"]


async def test_an_event_that_undoes_everything_before_it_gets_through_a_blocked_lane(member: Member) -> None:
    (bad,) = orders(1)
    member.shop.scripts[bad.order_id] = [Unavailable(), *[ValueError()] * 5]
    await member.receive(bad)
    assert member.states() == ["FAILED"]

    member.shop.scripts[bad.order_id] = [ValueError()]
    await member.receive(cancelled(bad))

    assert member.shop.log == [("unpacked", bad.order_id)]
    assert member.states() == ["SKIPPED", "DONE"]
    (skipped,) = await member.runtime.stated(ReactionSkipped)
    assert isinstance(skipped, ReactionSkipped)
    assert skipped.cause is SkipCause.UNDONE


async def test_what_began_and_can_be_finished_is_finished_and_then_undone(member: Member) -> None:
    (bad,) = orders(1)
    member.shop.scripts[bad.order_id] = [ValueError()] * 5
    await member.receive(bad)

    await member.receive(cancelled(bad))

    assert member.shop.log == [("packed", bad.order_id), ("unpacked", bad.order_id)]
    assert member.states() == ["DONE", "DONE"]


async def test_what_was_undone_is_never_run_again_whoever_releases_it(member: Member) -> None:
    (bad,) = orders(1)
    member.shop.scripts[bad.order_id] = [ValueError()] * 6
    (record,) = await member.receive(bad)
    await member.receive(cancelled(bad))
    key = str(effect_key(bad.event_id, GROUP))

    statement = update(ledger).where(ledger.c.effect_key == key).values(ordered="release")
    member.runtime.database.run_sync(lambda tx: tx.execute(statement))
    await member.tick()
    await member.restart()
    await member.deliver(record)

    assert member.shop.log == [("unpacked", bad.order_id)]
    assert member.states() == ["SKIPPED", "DONE"]


async def test_what_a_person_must_decide_blocks_nobody_and_is_closed_when_it_is_undone(member: Member) -> None:
    restricted, next_one = orders(2)
    member.shop.scripts[restricted.order_id] = [Hold("restricted")]
    await member.receive(restricted, next_one)
    assert member.shop.log == [("packed", next_one.order_id)]

    await member.receive(cancelled(restricted))

    assert member.states() == ["SKIPPED", "DONE", "DONE"]
    assert member.shop.log[1:] == [("unpacked", restricted.order_id)]


async def test_an_event_that_undoes_only_some_of_what_blocks_waits_its_turn(member: Member) -> None:
    first, second = orders(2)
    member.shop.scripts[first.order_id] = [Reject("no")]
    await member.receive(first, second)

    await member.receive(cancelled(second))

    assert member.states() == ["FAILED", "QUEUED", "QUEUED"]
    member.mark("drop", first)
    await member.tick()
    assert member.states()[:2] == ["SKIPPED", "SKIPPED"]
    assert ("packed", second.order_id) not in member.shop.log


async def test_poison_blocks_its_lane_until_a_person_drops_it(member: Member) -> None:
    good, other = orders(2)
    record = member.runtime.record(placed())
    garbage = Record(AT.topic, 0, record.offset, b"c1", b"garbage", (), 0)
    await member.deliver(garbage, member.runtime.record(good))
    await member.receive(other)
    assert member.states() == ["FAILED", "QUEUED", "QUEUED"]

    statement = update(ledger).where(ledger.c.event_type == "").values(ordered="drop")
    member.runtime.database.run_sync(lambda tx: tx.execute(statement))
    await member.tick()

    assert member.shop.log == [("packed", good.order_id), ("packed", other.order_id)]


async def test_an_old_event_whose_effect_cannot_be_repeated_waits_for_a_person(tmp_path: Path) -> None:
    async for member in member_of(warehouse(repeatable=False), tmp_path):
        (old,) = orders(1)
        member.clock.advance(DAYS)
        young = placed().model_copy(update={"recorded_at": member.clock.now()})
        await member.receive(old, young)
        assert member.states() == ["AGE", "DONE"]

        member.mark("release", old)
        await member.tick()

        assert member.shop.log == [("packed", young.order_id), ("packed", old.order_id)]


async def test_an_old_event_whose_effect_can_be_repeated_is_handled(member: Member) -> None:
    (old,) = orders(1)
    member.clock.advance(DAYS)

    await member.receive(old)

    assert member.states() == ["DONE"]


async def test_what_no_version_reacts_to_any_more_does_not_block_for_ever(tmp_path: Path) -> None:
    registry = FakeRegistry()
    only = on(OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="store")
    (bad,) = orders(1)
    async with running(warehouse(), Ports(Shop()), tmp_path, registry) as runtime:
        before = Member(runtime)
        before.shop.scripts[bad.order_id] = [Reject("no")]
        await asyncio.to_thread(before.subscription.assigned, {AT: 0})
        await before.receive(bad)
        before.mark("release", bad)

    async with running(
        Service[Ports](group=GROUP, starts="earliest", reactions=[only]), Ports(Shop()), tmp_path, registry
    ) as runtime:
        after = Member(runtime)
        await after.restart()
        assert after.states() == ["SKIPPED"]


@pytest.mark.parametrize("reason", HoldReason)
def test_only_what_failed_and_what_waits_for_it_blocks(reason: HoldReason) -> None:
    blocks = reason in {HoldReason.FAILED, HoldReason.LATER, HoldReason.QUEUED}

    assert Holding(reason, "").blocks_lane is blocks
