"""Members come, go, die and stand by, under both group protocols of a real broker."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from choreography import Event
from infra.providers import Broker
from tests.shop.facts import placed
from tests.shop.live import LiveShop, until
from tests.shop.members import Members, members

pytestmark = [pytest.mark.broker, pytest.mark.parametrize("protocol", ["classic", "consumer"])]
SESSION_SECONDS = 6  # here, and on the brokers of the tests


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


def orders(shop: LiveShop, count: int, name: str) -> list[Event]:
    return [shop.placed.model_validate(placed(f"{name}{number}").model_dump()) for number in range(count)]


async def test_the_other_member_takes_over_what_a_killed_one_had_and_repeats_nothing(
    shop: LiveShop, team: Members, protocol: str
) -> None:
    first = await team.start(group_protocol=protocol)
    await team.start(group_protocol=protocol)
    await shop.publish(*orders(shop, 40, "before"))
    await until(lambda: sum(shop.committed(shop.group, shop.placed.topic.name).values()) == 40)

    first.end(signal.SIGKILL)
    killed = time.monotonic()
    await shop.publish(*orders(shop, 40, "after"))
    await until(lambda: len(team.effects()) == 80)

    assert time.monotonic() - killed < SESSION_SECONDS + 10  # measured elsewhere; here other tests may run beside
    assert set(team.effects().values()) == {1}


async def test_the_other_member_takes_over_at_once_what_a_stopped_one_had(
    shop: LiveShop, team: Members, protocol: str
) -> None:
    first = await team.start(group_protocol=protocol)
    await team.start(group_protocol=protocol)
    await shop.publish(*orders(shop, 40, "before"))
    await until(lambda: sum(shop.committed(shop.group, shop.placed.topic.name).values()) == 40)

    assert first.end() == 0
    await shop.publish(*orders(shop, 40, "after"))
    await until(lambda: len(team.effects()) == 80)

    assert set(team.effects().values()) == {1}


async def test_two_members_share_the_work_and_nobody_does_it_twice(
    shop: LiveShop, team: Members, protocol: str
) -> None:
    await team.start(group_protocol=protocol)
    await team.start(group_protocol=protocol)

    number = 0
    async with asyncio.timeout(60):
        while len(team.busy()) < 2:  # the partitions move while the work comes in
            number += 1
            await shop.publish(*orders(shop, 40, f"round{number}-"))
            await until(lambda: len(team.effects()) == number * 40)  # noqa: B023 - awaited at once

    assert set(team.effects().values()) == {1}


async def test_what_is_in_flight_when_a_partition_is_taken_away_comes_to_its_end_first(
    shop: LiveShop, team: Members, protocol: str
) -> None:
    wait = shop.folder / "wait"
    wait.touch()
    await team.start(group_protocol=protocol, drain_seconds=60)
    await shop.publish(*orders(shop, 18, "before"))
    await until(lambda: len(team.effects("begun")) == 18)

    second = team.start_soon(group_protocol=protocol)
    await until(lambda: shop.members() == 2)
    wait.unlink()
    await until(second.is_ready)
    await shop.publish(*orders(shop, 18, "after"))
    await until(lambda: len(team.effects()) == 36)

    assert set(team.effects("begun").values()) == {1}
    assert set(team.effects().values()) == {1}


async def test_a_group_changes_its_protocol_member_by_member(shop: LiveShop, team: Members, protocol: str) -> None:
    other = {"classic": "consumer", "consumer": "classic"}[protocol]
    first = await team.start(group_protocol=protocol)
    await shop.publish(*orders(shop, 20, "before"))
    await until(lambda: sum(shop.committed(shop.group, shop.placed.topic.name).values()) == 20)

    await team.start(group_protocol=other)
    assert first.end() == 0
    await shop.publish(*orders(shop, 20, "after"))
    await until(lambda: len(team.effects()) == 40, 60)

    assert set(team.effects().values()) == {1}


async def test_a_member_for_whom_there_is_no_partition_stands_by_in_good_health(
    broker: Broker, tmp_path: Path, protocol: str
) -> None:
    shop = LiveShop(broker, tmp_path)
    await asyncio.to_thread(lambda: shop.deploy(partitions=1))

    with members(shop) as team:
        first = await team.start(group_protocol=protocol)
        standby = await team.start(group_protocol=protocol)
        assert first.end() == 0
        await shop.publish(*orders(shop, 1, "after"))
        await until(lambda: team.busy() == {standby.process.pid})

    shop.close()
