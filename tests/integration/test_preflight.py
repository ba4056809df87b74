"""What cannot work is refused at the start, by the exit code 2 and with the remedy, on real brokers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from choreography import Event, InvalidSettings
from infra.providers import Broker
from tests.kafka_server import KafkaServer
from tests.shop.facts import Ports, Store, placed
from tests.shop.live import LIBRDKAFKA, LiveShop, until
from tests.shop.member import warehouse
from tests.shop.members import Member, Members, members

pytestmark = pytest.mark.broker


@pytest.fixture
async def shop(broker: Broker, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(broker, tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


@pytest.fixture
def team(shop: LiveShop) -> Iterator[Members]:
    with members(shop) as started:
        yield started


def orders(shop: LiveShop, count: int) -> list[Event]:
    return [shop.placed.model_validate(placed(f"c{number}").model_dump()) for number in range(count)]


def delete(shop: LiveShop, *topics: str) -> None:
    admin = AdminClient({"bootstrap.servers": shop.broker.bootstrap_servers}, logger=LIBRDKAFKA)
    for answer in admin.delete_topics(list(topics)).values():
        answer.result(30)


async def refused(member: Member) -> str:
    """Wait for the end of a member that is refused; return what it said."""
    code = await asyncio.to_thread(member.process.wait, 60)
    said = member.log.read_text(encoding="utf-8")
    assert code == 2, said
    assert "Traceback" not in said
    return said


async def test_everything_that_is_missing_is_said_at_once_and_the_process_ends(shop: LiveShop, team: Members) -> None:
    await asyncio.to_thread(delete, shop, shop.dead_letters, shop.packed.topic.name)

    said = await refused(team.start_soon(session_timeout_ms=500, drain_seconds=600))

    assert "process.refused" in said
    for what in (shop.dead_letters, shop.packed.topic.name, "SHOP_SESSION_TIMEOUT_MS", "SHOP_DRAIN_SECONDS"):
        assert what in said


async def test_a_ledger_that_was_lost_ends_the_process_with_the_command_that_helps(
    shop: LiveShop, team: Members
) -> None:
    first = await team.start()
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)
    assert first.end() == 0
    for file in shop.folder.glob(f"{shop.group}.db*"):
        file.unlink()

    said = await refused(team.start_soon())

    assert f"{shop.system} ledger rebuild --group {shop.group}" in said
    assert set(team.effects().values()) == {1}


async def test_offsets_of_records_that_are_gone_end_the_process_with_the_command_that_helps(
    shop: LiveShop, team: Members
) -> None:
    first = await team.start()
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)
    assert first.end() == 0

    await asyncio.to_thread(delete, shop, shop.placed.topic.name)  # its offsets go, too; the ledger stays
    await asyncio.to_thread(shop.deploy)

    assert "--reset-offsets" in await refused(team.start_soon())


async def test_brokers_that_do_not_speak_the_group_protocol_are_told_so(
    broker: Broker, state_dir: Path, tmp_path: Path
) -> None:
    server = KafkaServer(state_dir / "old", features=("group.version=0",))
    await asyncio.to_thread(server.start)
    shop = LiveShop(Broker(server.bootstrap_servers, broker.registry_url), tmp_path)
    await asyncio.to_thread(shop.deploy)
    try:
        with pytest.raises(InvalidSettings, match="set GROUP_PROTOCOL to classic"):
            async with shop.serving(warehouse(shop.system), Ports(Store()), group_protocol="consumer"):
                pass
        async with shop.serving(warehouse(shop.system), Ports(Store()), group_protocol="classic"):
            pass
    finally:
        shop.close()
        await asyncio.to_thread(server.stop)
