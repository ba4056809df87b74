"""Two members of one group on one database, at the same time: neither loses what the other writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from choreography import ClaimLost, Effect, Service, on
from choreography.declare.ids import effect_key
from choreography.ledger.claims import take_claims
from choreography.wire.record import TopicPartition
from choreography.wire.schema_client import FakeRegistry
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, placed
from tests.shop.runtime import Runtime, running, use

GROUP = "shop.warehouse"
BESIDE = TopicPartition(OrderPlaced.topic.name, 1)


async def pack_if_ours(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    """Ask as late as possible whether the partition is still ours, as every adapter does before it writes."""
    ports.store.attempts += 1
    if ports.store.before:
        await ports.store.before(ports.store.attempts)
    await effect.claim()
    if effect.key not in ports.store.packed:
        ports.store.packed.append(effect.key)
    return ParcelPacked(parcel=f"{event.article}-{effect.key}")


@pytest.fixture
async def members(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Runtime, Runtime]]:
    """Two processes of the group that share their target; the second one has taken partition 0 from the first."""
    use(tmp_path, database_url)
    store, registry = Store(), FakeRegistry()
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            reactions = [on(OrderPlaced, pack_if_ours, publishes=(ParcelPacked,), target="store")]
            service = Service[Ports](group=GROUP, starts="earliest", reactions=reactions)
            both.append(await stack.enter_async_context(running(service, Ports(store), tmp_path, registry)))
        yield both[0], both[1]


async def test_members_with_partitions_of_their_own_write_beside_each_other(members: tuple[Runtime, Runtime]) -> None:
    other, one = members
    other.claim = (await other.database.run(lambda tx: take_claims(tx, [BESIDE])))[BESIDE]
    mine = [one.record(placed(f"c{n}")) for n in range(50)]
    theirs = [replace(other.record(placed(f"d{n}")), partition=1) for n in range(50)]

    await asyncio.gather(*map(one.deliver, mine), *map(other.deliver, theirs))

    assert [row.state for row in one.rows()] == ["DONE"] * 100
    assert len({fact.event_id for fact in await one.stated(ParcelPacked)}) == 100
    assert len(one.ports.store.packed) == one.ports.store.attempts == 100


async def test_a_member_that_was_paused_and_lost_its_partition_attempts_nothing(
    members: tuple[Runtime, Runtime],
) -> None:
    zombie, owner = members
    record = owner.record(placed())

    ended = await asyncio.gather(zombie.deliver(record), owner.deliver(record), return_exceptions=True)

    assert isinstance(ended[0], ClaimLost)
    assert ended[1] is None
    assert [row.state for row in owner.rows()] == ["DONE"]
    assert owner.ports.store.attempts == 1


async def test_a_member_that_is_paused_within_an_effect_loses_it_to_the_new_owner(
    members: tuple[Runtime, Runtime],
) -> None:
    zombie, owner = members
    await zombie.take_claim()
    event = placed()
    record, paused, wakes = zombie.record(event), asyncio.Event(), asyncio.Event()

    async def pause(attempt: int) -> None:
        if attempt == 1:
            paused.set()
            await wakes.wait()

    zombie.ports.store.before = pause
    late = asyncio.ensure_future(zombie.deliver(record))
    await paused.wait()
    await owner.take_claim()
    await owner.deliver(record)
    wakes.set()

    with pytest.raises(ClaimLost):
        await late
    assert owner.ports.store.packed == [effect_key(event.event_id, GROUP)]
    assert [(row.state, row.attempts) for row in owner.rows()] == [("DONE", 2)]
    assert len(await owner.stated(ParcelPacked)) == 1


async def test_however_often_a_partition_changes_hands_an_event_has_one_fact(members: tuple[Runtime, Runtime]) -> None:
    records = [members[0].record(placed(f"c{n}")) for n in range(20)]

    for turn in range(4):
        owner = members[turn % 2]
        await owner.take_claim()
        reads = [member.deliver(record) for record in records[: 5 * turn + 5] for member in members]
        ended = await asyncio.gather(*reads, return_exceptions=True)
        assert {type(one) for one in ended} <= {ClaimLost, type(None)}

    assert [row.state for row in members[0].rows()] == ["DONE"] * 20
    assert len(await members[0].stated(ParcelPacked)) == 20
    assert len(members[0].ports.store.packed) == 20
