"""A ledger that is lost in the middle of the work, and rebuilt from a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from choreography import Database, Effect, Event, InvalidSettings, RegistryUnavailable, Reject, Service, effect_key, on
from choreography.database.engine import read_url
from choreography.database.lock_sessions import open_holder
from choreography.ledger.table import ledger
from choreography.outbox.outbox import outbox
from choreography.settings import KafkaConnection
from infra.errors import Refused
from infra.groups import Group
from infra.operate.database import Home
from infra.operate.rebuild import Outcome, rebuild_ledger
from infra.providers import Broker
from tests.shop.facts import (
    OrderCancelled,
    OrderPlaced,
    ParcelPacked,
    ParcelUnpacked,
    Ports,
    Shelf,
    Store,
    cancelled,
    placed,
    unpack,
)
from tests.shop.live import LiveShop, until

pytestmark = pytest.mark.broker

Handler = Callable[[OrderPlaced, Ports, Effect], Awaitable[ParcelPacked]]
MANY = 120


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


def warehouse(shop: LiveShop, handler: Handler | None = None) -> Service[Ports]:
    async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        async def choose() -> Shelf:
            return Shelf(place=event.article)

        await effect.once(Shelf, choose, logged=True)
        await ports.store.pack(effect.key)
        return shop.packed(parcel=event.article)

    async def give_back(event: OrderCancelled, ports: Ports, effect: Effect) -> ParcelUnpacked:
        return shop.unpacked(parcel=(await unpack(event, ports, effect)).parcel)

    return Service(
        group=shop.group,
        starts="earliest",
        reactions=[
            on(shop.placed, handler or pack, publishes=(shop.packed,), target="store", unless=(shop.cancelled,)),
            on(shop.cancelled, give_back, publishes=(shop.unpacked,), target="store"),
        ],
    )


def order(shop: LiveShop, customer: str = "c1") -> Any:
    return shop.placed.model_validate(placed(customer).model_dump())


def cancellation(shop: LiveShop, of: Event) -> Event:
    assert isinstance(of, OrderPlaced)
    return shop.cancelled.model_validate(cancelled(of).model_dump())


def home(shop: LiveShop, service: Service[Any], database_url: str | None = None) -> Home:
    settings = shop.settings()
    return Home(service, settings, "tests.shop", database_url or settings.database_for(shop.group))


async def rebuild(
    shop: LiveShop, *, execute: bool = True, replaces: bool = False, database_url: str | None = None
) -> Outcome:
    def silent(_what: str, _done: int, _total: int) -> None:
        """Nobody watches."""

    where = home(shop, warehouse(shop), database_url)
    return await rebuild_ledger(where, execute=execute, replace=replaces, repeats=False, progress=silent)


def lose(shop: LiveShop) -> None:
    """Delete the database of the service."""
    for file in shop.folder.glob(f"{shop.group}.db*"):
        file.unlink()


def rows(shop: LiveShop, database_url: str | None = None) -> list[Any]:
    database = Database(database_url or shop.settings().database_for(shop.group))
    try:
        return list(database.run_sync(lambda tx: tx.execute(select(ledger)).all()))
    finally:
        database.close()


async def test_a_ledger_lost_in_the_middle_is_refused_rebuilt_and_then_everything_ends_once(shop: LiveShop) -> None:
    store, service = Store(), warehouse(shop)
    orders = [order(shop, f"c{number % 40}") for number in range(MANY)]
    await shop.publish(*orders[: MANY // 2])
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) >= MANY // 4)
    await shop.publish(*orders[MANY // 2 :], *(cancellation(shop, one) for one in orders[::10]))
    lose(shop)

    with pytest.raises(InvalidSettings, match="ledger rebuild --group"):
        async with shop.serving(service, Ports(store)):
            pass
    outcome = await rebuild(shop)
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) + undone(shop, orders, store) == MANY)
        await until(lambda: sum(shop.committed(shop.group, shop.placed.topic.name).values()) == MANY + MANY // 10)

    assert outcome.rebuilt.tally.facts >= MANY // 4
    assert len(set(store.packed)) == len(store.packed) == store.attempts
    assert len(await shop.stated(shop.packed)) == len(store.packed)
    assert len(store.unpacked) == MANY // 10 - undone(shop, orders, store)


def undone(shop: LiveShop, orders: list[Any], store: Store) -> int:
    """Count the orders that were cancelled before they were packed."""
    packed = set(store.packed)
    return sum(effect_key(one.event_id, shop.group) not in packed for one in orders[::10])


async def test_what_was_held_is_held_again_and_can_be_released(shop: LiveShop) -> None:
    async def refuse(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        raise Reject("no")

    bad = order(shop)
    await shop.publish(bad)
    async with shop.serving(warehouse(shop, refuse), Ports(Store())):
        await until(lambda: rows(shop)[:1] != [] and rows(shop)[0].state == "HELD")
    lose(shop)

    await rebuild(shop)

    (row,) = rows(shop)
    assert (row.state, row.hold_reason, row.effect_key) == ("HELD", "FAILED", str(effect_key(bad.event_id, shop.group)))
    assert row.raw_value is not None


async def test_a_ledger_is_not_rebuilt_under_a_running_service(shop: LiveShop) -> None:
    async with shop.serving(warehouse(shop), Ports(Store())):
        with pytest.raises(Refused, match=f"{shop.group} runs: {shop.group} on "):
            await rebuild(shop, execute=False)


async def test_a_ledger_that_stands_is_replaced_only_when_told_and_kept_aside(shop: LiveShop) -> None:
    await shop.publish(order(shop))
    store = Store()
    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 1)

    with pytest.raises(Refused, match="--replace"):
        await rebuild(shop)
    outcome = await rebuild(shop, replaces=True)

    assert outcome.aside is not None
    assert outcome.aside.exists()
    assert [row.state for row in rows(shop)] == ["DONE"]


async def test_a_ledger_in_postgresql_is_rebuilt_where_it_is(shop: LiveShop, postgres: str) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*(order(shop, f"c{number}") for number in range(20)))
    async with shop.serving(service, Ports(store), database_url=postgres):
        await until(lambda: len(store.packed) == 20)
    before = {row.effect_key: (row.state, row.fact, row.offset) for row in rows(shop, postgres)}

    with pytest.raises(Refused, match="20 rows"):
        await rebuild(shop, database_url=postgres)
    outcome = await rebuild(shop, replaces=True, database_url=postgres)
    async with shop.serving(service, Ports(store), database_url=postgres):
        await shop.publish(order(shop, "late"))
        await until(lambda: len(store.packed) == 21)

    assert outcome.aside is None
    after = {row.effect_key: (row.state, row.fact, row.offset) for row in rows(shop, postgres)}
    assert {key: after[key] for key in before} == before
    assert store.attempts == 21


async def test_nothing_is_deleted_from_postgresql_before_everything_could_be_read(
    shop: LiveShop, postgres: str
) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(order(shop))
    async with shop.serving(service, Ports(store), database_url=postgres):
        await until(lambda: len(store.packed) == 1)
    where = home(shop, service, postgres)
    away = where.settings.model_copy(update={"schema_registry_url": "http://127.0.0.1:9"})

    with pytest.raises(RegistryUnavailable):
        await rebuild_ledger(
            replace(where, settings=away), execute=True, replace=True, repeats=False, progress=lambda *_: None
        )

    assert [row.state for row in rows(shop, postgres)] == ["DONE"]


async def test_what_waited_in_the_outbox_of_a_replaced_ledger_is_published_all_the_same(shop: LiveShop) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(order(shop))
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) == 1)
    database = Database(shop.settings().database_for(shop.group))
    unpublished = update(outbox).where(outbox.c.topic == shop.packed.topic.name).values(published_at=None)
    database.run_sync(lambda tx: tx.execute(unpublished))
    database.close()

    outcome = await rebuild(shop, replaces=True)
    async with shop.serving(service, Ports(store)):
        pass

    assert len(outcome.old.waiting) == 1
    assert outcome.rebuilt.tally.repeated == 1
    facts = await shop.stated(shop.packed)
    assert (len(facts), len({fact.event_id for fact in facts})) == (2, 1)


async def test_a_paused_process_that_still_has_the_database_keeps_it(shop: LiveShop) -> None:
    held = open_holder(read_url(shop.settings().database_for(shop.group)))
    assert held.try_hold("relay")

    try:
        with pytest.raises(Refused, match="perhaps it is paused"):
            await rebuild(shop)
    finally:
        held.close()


async def test_a_broken_file_is_moved_aside_when_told(shop: LiveShop) -> None:
    await shop.publish(order(shop))
    store = Store()
    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 1)
    lose(shop)
    (shop.folder / f"{shop.group}.db").write_bytes(b"this was a ledger once" * 100)

    with pytest.raises(Refused, match="not a database"):
        await rebuild(shop)
    outcome = await rebuild(shop, replaces=True)

    assert outcome.aside is not None
    assert [row.state for row in rows(shop)] == ["DONE"]


async def test_a_dry_run_writes_nothing(shop: LiveShop) -> None:
    await shop.publish(order(shop))
    store = Store()
    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 1)
    lose(shop)

    outcome = await rebuild(shop, execute=False)

    assert dict(outcome.rebuilt.rows) == {"DONE": 1}
    assert [file.name for file in shop.folder.glob(f"{shop.group}.db*")] == []


def test_the_broker_tells_nothing_of_a_group_that_never_was(broker: Broker) -> None:
    group = Group("shop-none.warehouse", KafkaConnection(broker.bootstrap_servers))

    assert group.members() == ()
    assert group.past().committed == {}
