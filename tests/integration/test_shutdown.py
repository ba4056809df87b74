"""A service and a broker that goes away: it is waited for, and it keeps nobody from stopping."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from choreography import Event
from infra.providers import Broker
from tests.kafka_server import KafkaServer
from tests.shop.facts import placed
from tests.shop.live import LiveShop, ask, until
from tests.shop.members import Members, members

pytestmark = pytest.mark.broker
PROTOCOLS = pytest.mark.parametrize("protocol", ["classic", "consumer"])
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])


@pytest.fixture(scope="module")
def server(broker: Broker, state_dir: Path) -> Iterator[KafkaServer]:
    one = KafkaServer(state_dir / "frail")
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def shop(broker: Broker, server: KafkaServer, tmp_path: Path) -> AsyncIterator[LiveShop]:
    server.start()
    one = LiveShop(Broker(server.bootstrap_servers, broker.registry_url), tmp_path)
    await asyncio.to_thread(one.deploy)
    yield one
    one.close()


@pytest.fixture
def team(shop: LiveShop) -> Iterator[Members]:
    with members(shop) as started:
        yield started


def orders(shop: LiveShop, count: int, name: str = "c") -> list[Event]:
    return [shop.placed.model_validate(placed(f"{name}{number}").model_dump()) for number in range(count)]


@SIGNALS
async def test_what_is_in_flight_comes_to_its_end_before_a_service_stops(
    shop: LiveShop, team: Members, number: signal.Signals
) -> None:
    wait = shop.folder / "wait"
    wait.touch()
    member = await team.start()
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects("begun")) == 3)

    member.process.send_signal(number)
    await until(lambda: ask(member.port, "/readyz")[0] == 503)
    wait.unlink()
    code = await asyncio.to_thread(member.process.wait, 60)

    assert code == 0
    assert team.effects("begun") == team.effects() == {f"c{one}": 1 for one in range(3)}
    assert sum(shop.committed(shop.group, shop.placed.topic.name).values()) == 3
    assert len(await shop.stated(shop.packed)) == 3


@PROTOCOLS
async def test_a_broker_that_died_keeps_no_service_from_stopping(
    shop: LiveShop, server: KafkaServer, team: Members, protocol: str
) -> None:
    member = await team.start(group_protocol=protocol, drain_seconds=5)
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)

    await asyncio.to_thread(server.kill)

    assert await asyncio.to_thread(member.end, signal.SIGTERM, 40) == 0


@PROTOCOLS
async def test_a_broker_that_answers_nobody_keeps_no_service_from_stopping(
    shop: LiveShop, server: KafkaServer, team: Members, protocol: str
) -> None:
    member = await team.start(group_protocol=protocol, drain_seconds=5)
    await shop.publish(*orders(shop, 3))
    await until(lambda: len(team.effects()) == 3)

    server.pause()
    try:
        assert await asyncio.to_thread(member.end, signal.SIGTERM, 40) == 0
    finally:
        server.resume()


@PROTOCOLS
async def test_a_broker_that_blinks_makes_no_service_unhealthy_and_costs_nothing(
    shop: LiveShop, server: KafkaServer, team: Members, protocol: str
) -> None:
    member = await team.start(group_protocol=protocol)
    await shop.publish(*orders(shop, 5, "before"))
    await until(lambda: len(team.effects()) == 5)
    await until(lambda: sum(shop.committed(shop.group, shop.placed.topic.name).values()) == 5)

    await asyncio.to_thread(server.kill)
    down = asyncio.create_task(asyncio.to_thread(server.start))
    answers = []
    while not down.done():
        answers.append(ask(member.port, "/readyz"))
        await asyncio.sleep(0.05)
    await down
    await shop.publish(*orders(shop, 5, "after"))
    await until(lambda: len(team.effects()) == 10, 60)

    assert [report for status, report in answers if status != 200] == []
    assert member.process.poll() is None
    assert set(team.effects().values()) == {1}
