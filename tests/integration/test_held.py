"""What a person orders, carried out by a running service on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from choreography import Effect, Reject, Service, effect_key, on
from choreography.consume import brake
from choreography.ledger.held import Held, Which, held, order
from choreography.ledger.table import Order
from choreography.records import ReactionDropped, ReactionReleased
from infra.operate.database import Home, opened
from infra.providers import Broker
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, placed
from tests.shop.live import LiveShop, until

pytestmark = pytest.mark.broker


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


class Clerk:
    """A person with the command line, beside a service that refuses the first attempt of some orders."""

    def __init__(self, shop: LiveShop, database_url: str) -> None:
        self.shop = shop
        self.url = database_url
        self.refused: set[str] = set()
        self.error: Exception = Reject("not this one")
        self.released: list[str] = []
        self.service: Service[Ports] = Service(
            group=shop.group,
            starts="earliest",
            reactions=[on(shop.placed, self.pack, publishes=(shop.packed,), target="store")],
        )
        self.home = Home(self.service, shop.settings(), "tests.shop", database_url)

    async def pack(self, event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        if event.article in self.refused:
            raise self.error
        if effect.released:
            self.released.append(event.article)
        await ports.store.pack(effect.key)
        return self.shop.packed(parcel=event.article)

    def held(self) -> list[Held]:
        with opened(self.home) as ledgers:
            return ledgers.run(lambda tx: held(tx, Which()))

    def order(self, what: Order, event: Any) -> None:
        which = Which(effects=[effect_key(event.event_id, self.shop.group)])
        with opened(self.home) as ledgers:
            assert not ledgers.run(lambda tx: order(tx, which, what)).refused


@pytest.fixture
def clerk(shop: LiveShop, database_url: str) -> Clerk:
    return Clerk(shop, database_url)


def an_order(shop: LiveShop, article: str, customer: str = "c1") -> Any:
    return shop.placed.model_validate(placed(customer, article=article).model_dump())


async def test_what_is_released_is_done_and_what_queued_behind_it_follows(shop: LiveShop, clerk: Clerk) -> None:
    bad, behind, other = an_order(shop, "bad"), an_order(shop, "behind"), an_order(shop, "other", "c2")
    store, keys = Store(), {}
    clerk.refused = {"bad"}
    await shop.publish(bad, behind, other)

    async with shop.serving(clerk.service, Ports(store), database_url=clerk.url):
        await until(lambda: len(store.packed) == 1 and len(clerk.held()) == 2)
        keys = {one.reason: one for one in clerk.held()}
        clerk.refused = set()
        await asyncio.to_thread(clerk.order, Order.RELEASE, bad)
        await until(lambda: len(store.packed) == 3)

    assert (keys["FAILED"].queued, keys["QUEUED"].effect_key) == (1, effect_key(behind.event_id, shop.group))
    assert store.packed == [effect_key(one.event_id, shop.group) for one in (other, bad, behind)]
    assert clerk.released == ["bad"]
    assert clerk.held() == []
    assert len(await shop.stated(ReactionReleased, ReactionReleased.topic.of(shop.system))) == 2


async def test_what_is_dropped_is_never_done_and_what_queued_behind_it_is(shop: LiveShop, clerk: Clerk) -> None:
    bad, behind = an_order(shop, "bad"), an_order(shop, "behind")
    store = Store()
    clerk.refused = {"bad"}
    await shop.publish(bad, behind)

    async with shop.serving(clerk.service, Ports(store), database_url=clerk.url):
        await until(lambda: len(clerk.held()) == 2)
        await asyncio.to_thread(clerk.order, Order.DROP, bad)
        await until(lambda: len(store.packed) == 1)

    assert store.packed == [effect_key(behind.event_id, shop.group)]
    (dropped,) = await shop.stated(ReactionDropped, ReactionDropped.topic.of(shop.system))
    assert dropped.effect_key == effect_key(bad.event_id, shop.group)


async def test_an_order_given_while_nobody_runs_is_carried_out_at_the_next_start(shop: LiveShop, clerk: Clerk) -> None:
    bad, store = an_order(shop, "bad"), Store()
    clerk.refused = {"bad"}
    await shop.publish(bad)
    async with shop.serving(clerk.service, Ports(store), database_url=clerk.url):
        await until(lambda: len(clerk.held()) == 1)
    clerk.refused = set()

    await asyncio.to_thread(clerk.order, Order.RELEASE, bad)
    async with shop.serving(clerk.service, Ports(store), database_url=clerk.url):
        await until(lambda: len(store.packed) == 1)


async def test_a_service_that_has_stopped_itself_goes_on_when_it_is_resumed(shop: LiveShop, clerk: Clerk) -> None:
    store = Store()
    clerk.refused, clerk.error = {"bad"}, ValueError("a bug")
    await shop.publish(*(an_order(shop, "bad", f"c{number}") for number in range(brake.IN_A_ROW)))

    async with shop.serving(clerk.service, Ports(store), database_url=clerk.url):
        await until(lambda: len(clerk.held()) == brake.IN_A_ROW)
        with opened(clerk.home) as ledgers:
            await until(lambda: ledgers.run(brake.find) is not None)
            await shop.publish(an_order(shop, "good", "another"))
            before = list(store.packed)
            await asyncio.to_thread(ledgers.run, brake.clear)
        await until(lambda: len(store.packed) == 1)

    assert before == []
