"""The runtime on a real broker and a real registry."""

import asyncio
import re
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

import choreography
from choreography import Effect, Event, Service, on
from choreography.records import LedgerBegan, ReactionHeld, ServiceManifest
from infra.providers import Broker
from tests.shop.facts import (
    AT,
    OrderCancelled,
    OrderPlaced,
    ParcelPacked,
    ParcelUnpacked,
    Ports,
    Store,
    cancelled,
    placed,
    unpack,
)
from tests.shop.live import LiveShop, ask, until

pytestmark = pytest.mark.broker

Handler = Callable[[Any, Ports, Effect], Awaitable[ParcelPacked]]


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


def warehouse(shop: LiveShop, handler: Handler | None = None, starts: Any = "earliest") -> Service[Ports]:
    async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await ports.store.pack(effect.key)
        return shop.packed(parcel=event.article)

    async def give_back(event: OrderCancelled, ports: Ports, effect: Effect) -> ParcelUnpacked:
        return shop.unpacked(parcel=(await unpack(event, ports, effect)).parcel)

    return Service(
        group=shop.group,
        starts=starts,
        reactions=[
            on(shop.placed, handler or pack, publishes=(shop.packed,), target="store", unless=(shop.cancelled,)),
            on(shop.cancelled, give_back, publishes=(shop.unpacked,), target="store"),
        ],
    )


def order(shop: LiveShop, customer: str = "c1") -> Event:
    return shop.placed.model_validate(placed(customer).model_dump())


def cancellation(shop: LiveShop, of: Event) -> Event:
    assert isinstance(of, OrderPlaced)
    return shop.cancelled.model_validate(cancelled(of).model_dump())


FIGURE = re.findall(r"^    (\w+\.\w+) +(\w+) {2,}", choreography.__doc__ or "", re.MULTILINE)


@contextmanager
def called() -> Iterator[list[tuple[str, str]]]:
    """Yield the functions of the kit in the order in which they are called, on every thread begun meanwhile."""
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("choreography."):
            calls.append((module.removeprefix("choreography."), frame.f_code.co_name))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


async def test_a_record_goes_the_way_that_the_kit_draws(shop: LiveShop) -> None:
    class Slot(BaseModel):
        number: int

    async def decide(event: OrderPlaced, _ports: Ports, effect: Effect) -> ParcelPacked:
        await effect.once(Slot, _first)
        return shop.packed(parcel=event.article)

    async def _first() -> Slot:
        return Slot(number=1)

    with called() as calls:
        async with shop.serving(warehouse(shop, decide), Ports(Store())):
            before = len(calls)
            await shop.publish(order(shop))
            await until(lambda: set(FIGURE) <= set(calls[before:]))
    way = iter(calls[before:])

    assert len(FIGURE) == 12
    assert [step for step in FIGURE[:-2] if step not in way] == []
    assert set(FIGURE[-2:]) <= set(way)


async def test_an_order_reaches_its_effect_and_its_fact(shop: LiveShop) -> None:
    store, event = Store(), order(shop)
    await shop.publish(event)

    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 1)

    (fact,) = await shop.stated(shop.packed)
    assert (fact.key, fact.correlation) == (event.key, event.correlation)
    (manifest,) = await shop.stated(ServiceManifest, ServiceManifest.topic.of(shop.system))
    assert manifest.group == shop.group


async def test_stopping_drains_and_commits_and_starting_again_repeats_nothing(shop: LiveShop) -> None:
    store = Store()
    await shop.publish(*(order(shop, f"c{number}") for number in range(20)))

    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 20)
    committed = shop.committed(shop.group, shop.placed.topic.name)
    async with shop.serving(warehouse(shop), Ports(store)):
        await shop.publish(order(shop, "late"))
        await until(lambda: len(store.packed) == 21)

    assert sum(committed.values()) == 20
    assert store.attempts == 21


async def test_idle_partitions_get_a_begin_position_so_that_nothing_that_comes_later_is_lost(shop: LiveShop) -> None:
    store = Store()
    async with shop.serving(warehouse(shop, starts="now"), Ports(store)):
        await until(lambda: len(shop.committed(shop.group, shop.placed.topic.name)) == 6)

    await shop.publish(*(order(shop, f"c{number}") for number in range(12)))
    async with shop.serving(warehouse(shop, starts="now"), Ports(store)):
        await until(lambda: len(store.packed) == 12)

    (began,) = await shop.stated(LedgerBegan, LedgerBegan.topic.of(shop.system))
    assert len(began.positions) == 6


async def test_a_service_that_starts_now_leaves_the_past_alone(shop: LiveShop) -> None:
    store = Store()
    await shop.publish(*(order(shop, f"past{number}") for number in range(6)))

    async with shop.serving(warehouse(shop, starts="now"), Ports(store)):
        await until(lambda: len(shop.committed(shop.group, shop.placed.topic.name)) == 6)
        await shop.publish(order(shop, "present"))
        await until(lambda: len(store.packed) == 1)


async def test_an_order_that_was_taken_back_before_anyone_looked_has_no_effect(shop: LiveShop) -> None:
    store, event = Store(), order(shop)
    await shop.publish(event, cancellation(shop, event), order(shop, "other"))

    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 1)

    assert store.attempts == 1
    assert await shop.stated(shop.unpacked) == []


async def test_every_record_published_a_second_time_changes_nothing(shop: LiveShop) -> None:
    store = Store()
    first, second = order(shop), order(shop, "c2")
    await shop.publish(first, second)

    async with shop.serving(warehouse(shop), Ports(store)):
        await until(lambda: len(store.packed) == 2)
        await shop.publish(cancellation(shop, second))
        await until(lambda: len(store.unpacked) == 1)
        for record in await asyncio.to_thread(shop.read, shop.placed.topic.name):
            shop.publish_raw(record.topic, record.key, record.value, record.headers)
        marker = order(shop, "c1"), order(shop, "c2")
        await shop.publish(*marker)
        await until(lambda: len(store.packed) == 4)

    assert store.attempts == 4
    assert len(store.unpacked) == 1
    assert len(await shop.stated(shop.packed)) == 4


async def test_poison_stops_nobody_and_a_copy_goes_to_the_dead_letters_untouched(shop: LiveShop) -> None:
    store, topic = Store(), shop.placed.topic.name
    poison: list[bytes | None] = [b"", b"\x00", b"\x01abc", b"\x00\x7f\xff\xff\xff", b"x" * 1_040_000, None]

    async with shop.serving(warehouse(shop), Ports(store)):
        for value in poison:
            shop.publish_raw(topic, b"poisoned", value, [("trace", b"\xff\x00"), ("trace", None)])
        await shop.publish(order(shop))
        await until(lambda: len(store.packed) == 1)
        copies = await asyncio.to_thread(shop.read, shop.dead_letters)
        async with asyncio.timeout(30):
            while len(copies) < len(poison):  # they leave in their own time
                copies = await asyncio.to_thread(shop.read, shop.dead_letters)

    assert sorted((copy.value is not None, copy.value or b"") for copy in copies) == sorted(
        (value is not None, value or b"") for value in poison
    )
    assert all(
        copy.key == b"poisoned" and copy.headers[:2] == (("trace", b"\xff\x00"), ("trace", None)) for copy in copies
    )
    assert {copy.header("dlq_original_topic") for copy in copies} == {topic}
    held = await shop.stated(ReactionHeld, ReactionHeld.topic.of(shop.system))
    assert len(held) == len(poison)


async def test_a_member_that_takes_over_goes_on_where_the_other_one_stopped(shop: LiveShop) -> None:
    first, second = Store(), Store()
    service = warehouse(shop)

    async with shop.serving(service, Ports(first)):
        await shop.publish(*(order(shop, f"c{number}") for number in range(10)))
        await until(lambda: len(first.packed) == 10)
        async with shop.serving(service, Ports(second)):
            await shop.publish(*(order(shop, f"d{number}") for number in range(30)))
            await until(lambda: len(first.packed) + len(second.packed) == 40)
        await shop.publish(*(order(shop, f"e{number}") for number in range(10)))
        await until(lambda: len(first.packed) + len(second.packed) == 50)

    assert not set(first.packed) & set(second.packed)
    assert first.attempts + second.attempts == 50
    assert second.packed


async def test_health_says_ready_once_the_member_has_joined(shop: LiveShop) -> None:
    async with shop.serving(warehouse(shop), Ports(Store())) as port:
        assert ask(port, "/healthz") == (200, {"alive": True})
        assert ask(port, "/readyz")[1]["parts"]["consumer"]["ok"] is True
        assert ask(port, "/elsewhere")[0] == 404
    assert ask(port, "/healthz")[0] == 0


async def test_many_customers_at_once_keep_each_their_order(shop: LiveShop) -> None:
    seen: dict[str, list[int]] = {}

    async def notes(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await asyncio.sleep(0)
        seen.setdefault(event.customer_id, []).append(event.order_version)
        return shop.packed(parcel=event.article)

    case = uuid4()
    events = [
        shop.placed(
            event_id=uuid4(),
            customer_id=f"c{number % 40}",
            order_id=case,
            order_version=number,
            occurred_at=AT,
            recorded_at=AT,
            article="lamp",
        )
        for number in range(400)
    ]
    await shop.publish(*events)

    async with shop.serving(warehouse(shop, notes), Ports(Store())):
        await until(lambda: sum(map(len, seen.values())) == 400)

    assert all(versions == sorted(versions) for versions in seen.values())
