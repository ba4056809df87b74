"""Whose ledger stands behind the offsets, on a real broker, under both group protocols."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from choreography import Effect, Event, InvalidSettings, Service, on
from choreography.records import LedgerBegan
from infra.local.command import run_to_end
from infra.local.distribution import KAFKA
from infra.local.java import kafka_command
from infra.providers import Broker
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, cancelled, placed
from tests.shop.live import LIBRDKAFKA, LiveShop, until

pytestmark = pytest.mark.broker
PROTOCOLS = pytest.mark.parametrize("protocol", ["classic", "consumer"])
Offsets = dict[int, tuple[int, str | None]]


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


def warehouse(shop: LiveShop, starts: Any = "earliest") -> Service[Ports]:
    async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
        await ports.store.pack(effect.key)
        return shop.packed(parcel=event.article)

    return Service(
        group=shop.group,
        starts=starts,
        reactions=[on(shop.placed, pack, publishes=(shop.packed,), target="store")],
    )


def orders(shop: LiveShop, count: int, name: str = "c") -> list[Event]:
    return [shop.placed.model_validate(placed(f"{name}{number}").model_dump()) for number in range(count)]


def committed(shop: LiveShop) -> Offsets:
    """The group's committed offsets with their metadata, by partition."""
    topic, config = shop.placed.topic.name, {"bootstrap.servers": shop.broker.bootstrap_servers, "group.id": shop.group}
    consumer = Consumer(config, logger=LIBRDKAFKA)
    try:
        asked = [ClientPartition(topic, number) for number in consumer.list_topics(topic, 10).topics[topic].partitions]
        found = consumer.committed(asked, timeout=10)
    finally:
        consumer.close()
    return {one.partition: (one.offset, one.metadata) for one in found if one.offset >= 0}


def read(shop: LiveShop, statement: str) -> list[Any]:
    """What stands in the service's database."""
    with closing(sqlite3.connect(shop.folder / f"{shop.group}.db", timeout=10)) as database:
        return database.execute(statement).fetchall()


def ledger(shop: LiveShop) -> str:
    ((found,),) = read(shop, "SELECT ledger_id FROM identity")
    return str(UUID(found))


def groups_tool(shop: LiveShop, *arguments: str) -> None:
    """Have Kafka's own console tool do something with the group."""
    main_class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    where = ("--bootstrap-server", shop.broker.bootstrap_servers, "--group", shop.group)
    done = run_to_end(kafka_command(KAFKA.place, main_class, *where, *arguments))
    assert done.code == 0, done.said


async def refused(shop: LiveShop, service: Service[Ports], store: Store, **given: Any) -> str:
    """Start a service that is to be refused; return why."""
    with pytest.raises(InvalidSettings) as refusal:
        async with shop.serving(service, Ports(store), **given):
            pass
    (reason,) = refusal.value.reasons
    return reason


@PROTOCOLS
async def test_every_offset_names_the_ledger_that_stands_behind_it_also_where_nothing_was_read(
    shop: LiveShop, protocol: str
) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*orders(shop, 3))

    async with shop.serving(service, Ports(store), group_protocol=protocol):
        await until(lambda: len(store.packed) == 3)
    offsets = committed(shop)

    assert len(offsets) == 6
    assert sum(offset for offset, _ in offsets.values()) == 3
    assert {name for _, name in offsets.values()} == {ledger(shop)}


@PROTOCOLS
async def test_the_ledger_is_never_behind_the_committed_offsets(shop: LiveShop, protocol: str) -> None:
    store, service = Store(), warehouse(shop)

    async with shop.serving(service, Ports(store), group_protocol=protocol):
        for number in range(1, 6):
            await shop.publish(*orders(shop, 10, f"round{number}-"))
            await until(lambda number=number: len(store.packed) == number * 10)  # type: ignore[misc]
            offsets = await asyncio.to_thread(committed, shop)
            reached = dict(read(shop, "SELECT partition, coalesce(finished, [begin]) FROM positions"))
            assert all(reached[partition] >= offset for partition, (offset, _) in offsets.items())

    offsets = committed(shop)
    assert sum(offset for offset, _ in offsets.values()) == 50
    assert {partition: offset for partition, (offset, _) in offsets.items()} == reached | dict(
        read(shop, "SELECT partition, finished FROM positions WHERE finished IS NOT NULL")
    )


@PROTOCOLS
async def test_a_reset_by_the_console_tool_is_a_replay_that_repeats_nothing(shop: LiveShop, protocol: str) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*orders(shop, 12))
    async with shop.serving(service, Ports(store), group_protocol=protocol):
        await until(lambda: len(store.packed) == 12)

    groups_tool(shop, "--reset-offsets", "--to-earliest", "--all-topics", "--execute")
    cleared = committed(shop)
    async with shop.serving(service, Ports(store), group_protocol=protocol):
        await shop.publish(*orders(shop, 1, "late"))
        await until(lambda: len(store.packed) == 13)
        await until(lambda: sum(offset for offset, _ in committed(shop).values()) == 13)

    assert set(cleared.values()) == {(0, None)}
    assert store.attempts == 13
    assert {name for _, name in committed(shop).values()} == {ledger(shop)}


async def test_a_group_whose_offsets_are_gone_goes_on_where_its_ledger_says(shop: LiveShop) -> None:
    store, service = Store(), warehouse(shop, starts="now")
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(committed(shop)) == 6)
        await shop.publish(*orders(shop, 5))
        await until(lambda: len(store.packed) == 5)

    groups_tool(shop, "--delete")
    await shop.publish(*orders(shop, 5, "meanwhile"))
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) == 10)

    assert store.attempts == 10


@PROTOCOLS
async def test_a_ledger_that_was_lost_is_refused_and_nothing_is_done_twice(shop: LiveShop, protocol: str) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*orders(shop, 5))
    async with shop.serving(service, Ports(store), group_protocol=protocol):
        await until(lambda: len(store.packed) == 5)
    before = committed(shop)
    for file in shop.folder.glob(f"{shop.group}.db*"):
        file.unlink()

    reason = await refused(shop, service, store, group_protocol=protocol)

    assert reason.startswith(f"{shop.group}: ")
    assert reason.endswith(f": {shop.system} ledger rebuild --group {shop.group}")
    assert store.attempts == 5
    assert committed(shop) == before


async def test_a_new_ledger_is_refused_though_the_offsets_were_committed_by_something_else(shop: LiveShop) -> None:
    store = Store()
    await shop.publish(*orders(shop, 5))
    groups_tool(shop, "--reset-offsets", "--to-latest", "--topic", shop.placed.topic.name, "--execute")

    reason = await refused(shop, warehouse(shop), store)

    assert "knows nothing of what was done there" in reason
    assert store.attempts == 0


async def test_an_older_copy_of_the_ledger_is_refused(shop: LiveShop) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*orders(shop, 5))
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) == 5)
    backup = shutil.copy(shop.folder / f"{shop.group}.db", shop.folder / "backup.db")
    async with shop.serving(service, Ports(store)):
        await shop.publish(*orders(shop, 5, "later"))
        await until(lambda: len(store.packed) == 10)
    shutil.copy(backup, shop.folder / f"{shop.group}.db")

    reason = await refused(shop, service, store)

    assert "an older copy" in reason
    assert store.attempts == 10


async def test_a_copy_of_the_ledger_that_has_come_as_far_is_as_good_as_the_first(shop: LiveShop) -> None:
    store, service = Store(), warehouse(shop)
    await shop.publish(*orders(shop, 5))
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) == 5)
    for file in shop.folder.glob(f"{shop.group}.db-*"):
        file.unlink()
    shutil.move(shop.folder / f"{shop.group}.db", shop.folder / "elsewhere.db")
    shutil.move(shop.folder / "elsewhere.db", shop.folder / f"{shop.group}.db")

    async with shop.serving(service, Ports(store)):
        await shop.publish(*orders(shop, 1, "later"))
        await until(lambda: len(store.packed) == 6)


async def test_a_partition_that_a_topic_gets_later_is_read_from_its_first_record(shop: LiveShop) -> None:
    store, service, topic = Store(), warehouse(shop, starts="now"), shop.placed.topic.name
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(committed(shop)) == 6)

    admin = AdminClient({"bootstrap.servers": shop.broker.bootstrap_servers}, logger=LIBRDKAFKA)
    admin.create_partitions([NewPartitions(topic, 12)])[topic].result(30)
    await until(lambda: len(admin.list_topics(topic, 10).topics[topic].partitions) == 12)
    shop.reconnect()
    await shop.publish(*orders(shop, 30))
    async with shop.serving(service, Ports(store)):
        await until(lambda: len(store.packed) == 30)

    began = await shop.stated(LedgerBegan, LedgerBegan.topic.of(shop.system))
    assert [len(one.positions) for one in began] == [6, 6]
    assert {place.offset for place in began[1].positions} == {0}


async def test_the_first_start_says_how_many_records_and_cases_are_before_it(
    shop: LiveShop, capsys: pytest.CaptureFixture[str]
) -> None:
    first = placed("c1")
    events = [first, cancelled(first), *(placed(f"c{number}") for number in range(2, 7))]
    kinds = {"OrderPlaced": shop.placed, "OrderCancelled": shop.cancelled}
    await shop.publish(*(kinds[type(one).__name__].model_validate(one.model_dump()) for one in events))

    async with shop.serving(warehouse(shop), Ports(Store())):
        await until(lambda: len(committed(shop)) == 6)

    said = capsys.readouterr()
    (line,) = [line for line in (said.out + said.err).splitlines() if "group.begun" in line]
    assert "records_waiting=7" in line
    assert "cases_waiting=6" in line
