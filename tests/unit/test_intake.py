"""A large batch: what is finished is recognised by place and id, and everything else takes its usual way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from choreography import Service, on
from choreography.consume.admission import Admission
from choreography.consume.lane import LaneState
from choreography.consume.lanes import Lanes
from choreography.wire.record import Record, TopicPartition
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack, placed
from tests.shop.runtime import Runtime, running

AT = TopicPartition("shop.orders.v1", 0)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    async with running(
        Service[Ports](group="shop.warehouse", starts="earliest", reactions=[reaction]), Ports(Store()), tmp_path
    ) as one:
        yield one


class Desk:
    """The lanes, and an intake that asks the ledger about every batch."""

    def __init__(self, runtime: Runtime, large: int = 1) -> None:
        self.lanes = Lanes()
        self.lanes.on_assign({AT: 1})
        self.lanes.open(AT)
        self.started: list[int] = []
        self.intake = Admission(runtime.journal, self.lanes, self._start, moved=lambda: None, large=large)

    def _start(self, lanes: Sequence[LaneState]) -> None:
        self.started += [lane.queue[0].offset for lane in lanes]

    async def take(self, *records: Record) -> list[int]:
        self.intake.take(records)
        async with asyncio.timeout(10):
            await self.intake.drained()
        return self.started


async def handled(runtime: Runtime, customer: str = "c1") -> Record:
    record = runtime.record(placed(customer))
    await runtime.deliver(record)
    return record


async def test_what_is_finished_is_not_run_again_and_its_position_moves(runtime: Runtime) -> None:
    done, new = await handled(runtime), runtime.record(placed("c2"))
    desk = Desk(runtime)

    assert await desk.take(done, new) == [new.offset]
    assert desk.lanes.take_positions() == {AT: done.offset + 1}


async def test_the_same_id_at_another_place_is_looked_at_as_usual(runtime: Runtime) -> None:
    done = await handled(runtime)
    elsewhere = replace(done, offset=done.offset + 100)

    assert await Desk(runtime).take(elsewhere) == [elsewhere.offset]


async def test_another_id_at_the_same_place_is_another_record(runtime: Runtime) -> None:
    done = await handled(runtime)
    other = replace(runtime.record(placed("c9")), offset=done.offset)

    assert await Desk(runtime).take(other) == [done.offset]


@pytest.mark.parametrize("headers", [(), (("ce_id", b"\xff"),), (("ce_id", b"none"),), (("ce_id", None),)])
async def test_a_record_without_a_readable_id_is_looked_at_as_usual(
    runtime: Runtime, headers: tuple[tuple[str, bytes | None], ...]
) -> None:
    done = await handled(runtime)

    assert await Desk(runtime).take(replace(done, headers=headers)) == [done.offset]


async def test_what_is_held_or_about_to_be_attempted_is_not_finished(runtime: Runtime) -> None:
    done = await handled(runtime)
    await runtime.database.run(lambda tx: tx.exec_driver_sql("UPDATE ledger SET state = 'INTENT'"))

    assert await Desk(runtime).take(done) == [done.offset]


async def test_batches_keep_their_order_and_small_ones_wait_behind_large_ones(runtime: Runtime) -> None:
    desk = Desk(runtime, large=2)
    records = [runtime.record(placed(f"c{number}")) for number in range(4)]

    desk.intake.take(records[:3])
    desk.intake.take(records[3:])
    await desk.intake.drained()

    assert desk.started == [record.offset for record in records]


async def test_what_was_fetched_before_a_partition_went_and_came_back_is_dropped(runtime: Runtime) -> None:
    desk = Desk(runtime)
    record = runtime.record(placed())

    desk.intake.take([record])
    desk.lanes.on_revoke([AT])
    desk.lanes.on_assign({AT: 2})
    desk.lanes.open(AT)
    await desk.intake.drained()

    assert desk.started == []
