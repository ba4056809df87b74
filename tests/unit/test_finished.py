import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from choreography import Service, on
from choreography.consume.finished import Finished
from choreography.consume.lanes import Lanes
from choreography.ledger.claims import take_claims
from choreography.ledger.positions import positions, write_begin_positions
from choreography.wire.record import TopicPartition
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack
from tests.shop.runtime import Runtime, running

AT = TopicPartition("shop.orders.v1", 0)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    service = Service[Ports](group="shop.warehouse", starts="earliest", reactions=[reaction])
    async with running(service, Ports(Store()), tmp_path) as one:
        await one.database.run(lambda tx: write_begin_positions(tx, {AT: 0}))
        yield one


class Member:
    def __init__(self, runtime: Runtime) -> None:
        self.lanes = Lanes()
        self.lanes.on_assign({AT: runtime.claim})
        self.stored: list[Mapping[TopicPartition, int]] = []
        self.finished = Finished(runtime.journal, self.lanes.partition, self._store)

    def _store(self, stored: Mapping[TopicPartition, int]) -> None:
        if stored:
            self.stored.append(stored)


def in_ledger(runtime: Runtime) -> int | None:
    found: int | None = runtime.database.run_sync(lambda tx: tx.execute(select(positions.c.finished)).scalar_one())
    return found


async def test_a_position_is_in_the_ledger_before_it_is_stored(runtime: Runtime) -> None:
    member = Member(runtime)
    member.finished.add({AT: 7})

    assert await member.finished.flushed(5) == {AT: 7}
    assert (in_ledger(runtime), member.stored[-1]) == (7, {AT: 7})


async def test_the_ledger_never_goes_back(runtime: Runtime) -> None:
    member = Member(runtime)
    for position in (7, 5):
        member.finished.add({AT: position})
        await member.finished.flushed(5)

    assert in_ledger(runtime) == 7


async def test_a_position_under_a_lost_claim_is_stored_once_the_claim_was_taken_again(runtime: Runtime) -> None:
    member = Member(runtime)
    newer = await runtime.database.run(lambda tx: take_claims(tx, [AT]))
    member.finished.add({AT: 7})
    await member.finished.flushed(5)
    before = list(member.stored)
    partition = member.lanes.partition(AT)
    assert partition is not None

    partition.claim = newer[AT]
    async with asyncio.timeout(10):
        while not member.stored:
            await member.finished.flushed(5)

    assert before == []
    assert member.stored[-1] == {AT: 7}


async def test_a_position_of_an_assignment_that_has_ended_is_not_stored_under_the_next_one(runtime: Runtime) -> None:
    member = Member(runtime)
    newer = await runtime.database.run(lambda tx: take_claims(tx, [AT]))
    member.finished.add({AT: 4})
    flushing = asyncio.ensure_future(member.finished.flushed(5))
    await asyncio.sleep(0)

    member.lanes.on_revoke([AT])
    member.finished.forget([AT])
    member.lanes.on_assign(newer)
    await flushing

    assert await member.finished.flushed(5) == {}
    assert member.stored == []
