import asyncio
from dataclasses import dataclass

import pytest

from choreography import ClaimLost, Health, Service, SystemClock, on
from choreography.consume.breaker import Breaker
from choreography.consume.lane import Lane, LaneState, Partition
from choreography.consume.targets import Targets
from choreography.kafka.look_ahead import Ahead
from choreography.retries import Backoff
from choreography.wire.record import TopicPartition
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack

QUICK = Backoff(first=0.001, most=0.001)
PART = "target store"


def lane() -> Lane:
    state = LaneState(Partition(TopicPartition("shop.orders.v1", 0)), b"c1")
    return Lane(state, Ahead(lambda _at: None), SystemClock())


class Probe:
    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        if not self.answers:
            raise OSError


def breaker(health: Health, probe: Probe | None = None) -> Breaker:
    return Breaker("store", probe, clock=SystemClock(), backoff=QUICK, health=health)


def is_red(health: Health) -> bool:
    parts = health.report()["parts"]
    assert isinstance(parts, dict)
    return PART in parts and not parts[PART]["ok"]


async def test_two_different_lanes_that_fail_open_the_breaker_and_health_names_the_target() -> None:
    health = Health()
    one = breaker(health)

    await one.failed("c1")
    await one.failed("c1")
    after_one_lane = one.is_open
    await one.failed("c2")

    assert not after_one_lane
    assert one.is_open
    assert is_red(health)
    one.succeeded()


async def test_failures_with_a_success_between_them_do_not_add_up() -> None:
    one = breaker(Health())

    await one.failed("c1")
    one.succeeded()
    await one.failed("c2")

    assert not one.is_open


async def test_while_the_probe_succeeds_a_failure_is_the_events_own() -> None:
    probe = Probe(answers=True)
    one = breaker(Health(), probe)

    await one.failed("c1")
    await one.failed("c2")

    assert not one.is_open
    assert probe.asked == 2


async def test_a_probe_that_fails_opens_the_breaker_at_the_first_failure_and_closes_it_again() -> None:
    health, probe = Health(), Probe(answers=False)
    one = breaker(health, probe)
    await one.failed("c1")
    admitted = asyncio.ensure_future(one.admitted(lane()))
    await asyncio.sleep(0)
    waited = not admitted.done()

    probe.answers = True
    async with asyncio.timeout(10):
        await admitted

    assert waited
    assert not one.is_open
    assert not is_red(health)


async def test_without_a_probe_one_attempt_at_a_time_finds_out() -> None:
    one = breaker(Health())
    await one.failed("c1")
    await one.failed("c2")
    waiting = [asyncio.ensure_future(one.admitted(lane())) for _ in range(3)]

    async with asyncio.timeout(10):
        done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        assert one.is_open
        one.succeeded()
        await asyncio.gather(*rest)


async def test_who_waits_for_a_target_gives_its_partition_up_when_told() -> None:
    one, here = breaker(Health(), Probe(answers=False)), lane()
    await one.failed("c1")
    waiting = asyncio.ensure_future(one.admitted(here))

    here._state.partition.draining.set()

    with pytest.raises(ClaimLost):
        async with asyncio.timeout(10):
            await waiting


@dataclass(frozen=True)
class TwoPorts(Ports):
    till: Store


async def test_attempts_on_one_target_are_limited_and_others_go_on() -> None:
    to_store = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    to_till = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="till", reads=("store",))
    service = Service[Ports](group="shop.warehouse", starts="now", reactions=[to_store])
    both = Service[Ports](group="shop.till", starts="now", reactions=[to_till])
    (to_store,), (to_till,) = service.reactions, both.reactions
    ports = TwoPorts(Store(), Store())
    shared = {"most_in_all": 10, "most_per_target": 2}
    targets = Targets(service, ports, **shared, clock=SystemClock(), backoff=QUICK, health=Health())
    others = Targets(both, ports, **shared, clock=SystemClock(), backoff=QUICK, health=Health())
    running, most, go = 0, 0, asyncio.Event()

    async def attempt() -> None:
        nonlocal running, most
        async with targets.slot(to_store, lane()):
            running += 1
            most = max(most, running)
            await go.wait()
            running -= 1

    attempts = [asyncio.ensure_future(attempt()) for _ in range(5)]
    async with asyncio.timeout(10), others.slot(to_till, lane()):
        while running < 2:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*attempts)

    assert most == 2


async def test_a_reaction_waits_for_what_it_reads_too() -> None:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="till", reads=("store",))
    service = Service[Ports](group="shop.till", starts="now", reactions=[reaction])
    (reaction,) = service.reactions
    ports = TwoPorts(Store(), Store())
    targets = Targets(
        service, ports, most_in_all=9, most_per_target=9, clock=SystemClock(), backoff=QUICK, health=Health()
    )
    await targets.failed(reaction, "store", "c1")
    assert await targets.failed(reaction, "store", "c2")
    here = lane()
    waiting = asyncio.ensure_future(targets.slot(reaction, here).__aenter__())

    here._state.partition.draining.set()

    with pytest.raises(ClaimLost):
        async with asyncio.timeout(10):
            await waiting
