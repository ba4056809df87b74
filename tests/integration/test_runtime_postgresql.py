"""The runtime on a real broker and a real PostgreSQL: what a group that spans hosts lives on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from choreography import Effect, Event, Service, on
from infra.providers import Broker
from tests.postgres import Postgres
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, placed
from tests.shop.live import LiveShop, until

pytestmark = pytest.mark.broker


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


def warehouse(shop: LiveShop) -> Service[Ports]:
    async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await ports.store.pack(effect.key)
        return shop.packed(parcel=event.article)

    reactions = [on(shop.placed, pack, publishes=(shop.packed,), target="store")]
    return Service(group=shop.group, starts="earliest", reactions=reactions)


def orders(shop: LiveShop, name: str, count: int) -> list[Event]:
    return [shop.placed.model_validate(placed(f"{name}{number}").model_dump()) for number in range(count)]


async def test_two_members_share_a_ledger_and_when_one_leaves_the_other_does_everything(
    shop: LiveShop, postgres: str
) -> None:
    store = Store()
    await shop.publish(*orders(shop, "both", 40))

    async with shop.serving(warehouse(shop), Ports(store), database_url=postgres):
        async with shop.serving(warehouse(shop), Ports(store), database_url=postgres):
            await until(lambda: shop.members() == 2)
            await shop.publish(*orders(shop, "more", 40))
            await until(lambda: len(store.packed) == 80)
        await shop.publish(*orders(shop, "one", 20))
        await until(lambda: len(store.packed) == 100)

    facts = await shop.stated(shop.packed)
    assert store.attempts == len(facts) == len({fact.event_id for fact in facts}) == 100


async def test_sessions_that_the_server_ends_lose_nothing_and_double_nothing(
    shop: LiveShop, postgres: str, postgres_server: Postgres
) -> None:
    store = Store()
    database = postgres.rpartition("/")[2]

    async with shop.serving(warehouse(shop), Ports(store), database_url=postgres):
        for turn in range(5):
            await shop.publish(*orders(shop, f"turn{turn}-", 20))
            await until(lambda begun=turn: len(store.packed) > 20 * begun)  # type: ignore[misc]  # a lambda in a loop
            await asyncio.to_thread(
                postgres_server.execute,
                f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{database}'",
            )
        await until(lambda: len(store.packed) == 100)

    facts = await shop.stated(shop.packed)
    assert len(store.packed) == len({fact.event_id for fact in facts}) == 100
