import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from choreography import ClaimLost, Effect, Reject, Service, on
from choreography.consume import brake as brakes
from choreography.consume.brake import Braked
from choreography.consume.lane import Partition
from choreography.wire.record import Record
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack, placed
from tests.shop.runtime import Runtime, running

FEW, ENOUGH = 4, 5


async def broken(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    if event.article == "rejected":
        raise Reject("no")
    if event.article != "fine":
        raise KeyError(event.article)
    return await pack(event, ports, effect)


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    reaction = on(OrderPlaced, broken, publishes=(ParcelPacked,), target="store")
    service = Service[Ports](group="shop.warehouse", starts="earliest", reactions=[reaction])
    async with running(service, Ports(Store()), tmp_path) as one:
        yield one


async def fail(runtime: Runtime, count: int, article: str = "lamp", customer: str = "c") -> None:
    for number in range(count):
        await runtime.deliver(runtime.record(placed(f"{customer}{number}", article=article)))


async def test_the_same_failure_of_many_customers_stops_the_service_which_says_so(runtime: Runtime) -> None:
    await fail(runtime, FEW)
    before = runtime.brake.is_on
    await fail(runtime, 1, customer="another")

    assert not before
    assert runtime.brake.is_on
    assert "KeyError" in str(runtime.health.report())


async def test_failures_of_one_customer_do_not(runtime: Runtime) -> None:
    for _ in range(ENOUGH):
        await fail(runtime, 1)

    assert not runtime.brake.is_on


async def test_nor_do_failures_with_a_success_between_them(runtime: Runtime) -> None:
    await fail(runtime, FEW)
    await fail(runtime, 1, "fine", "happy")
    await fail(runtime, FEW, customer="d")

    assert not runtime.brake.is_on


async def test_nor_does_what_the_handler_itself_rejects(runtime: Runtime) -> None:
    await fail(runtime, ENOUGH, "rejected")

    assert not runtime.brake.is_on


async def test_nor_does_plain_garbage(runtime: Runtime) -> None:
    for number in range(ENOUGH):
        await runtime.deliver(Record("shop.orders.v1", 0, number, str(number).encode(), b"garbage"))

    assert not runtime.brake.is_on


async def test_nothing_is_attempted_while_it_is_on_also_after_a_restart(runtime: Runtime) -> None:
    await fail(runtime, ENOUGH)
    again = brakes.Brake(runtime.journal, runtime.health)
    await again.look()
    record = runtime.record(placed("x", article="fine"))
    lane = runtime.lane(Partition(record.at, runtime.claim), record.key)
    handling = asyncio.ensure_future(runtime.worker.handle(record, lane))
    await asyncio.sleep(0)

    assert again.is_on
    assert not handling.done()
    await runtime.database.run(brakes.clear)
    await runtime.brake.look()
    async with asyncio.timeout(10):
        await handling
    assert len(runtime.ports.store.packed) == 1
    assert runtime.health.report()["parts"]["brake"] == {"ok": True, "detail": ""}  # type: ignore[index]


async def test_a_new_version_takes_it_off(runtime: Runtime) -> None:
    old = Braked("0.0.0-older", "KeyError", "2026-01-01T00:00:00+00:00")
    await runtime.database.run(lambda tx: brakes.set_on(tx, old))

    await runtime.brake.look()

    assert not runtime.brake.is_on
    assert await runtime.database.run(brakes.find) is None


async def test_who_waits_for_it_gives_its_partition_up_when_told(runtime: Runtime) -> None:
    await fail(runtime, ENOUGH)
    record = runtime.record(placed("x"))
    partition = Partition(record.at, runtime.claim)
    partition.draining.set()

    with pytest.raises(ClaimLost):
        await runtime.worker.handle(record, runtime.lane(partition, record.key))
