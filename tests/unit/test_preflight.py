import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from choreography import InvalidSettings, Service, ServiceSettings, on
from choreography.errors import NoAnswer, Stopped
from choreography.health import Health
from choreography.kafka.cluster import Access, ClusterSeen
from choreography.process.needs import Needs, needs_of, port_problems
from choreography.process.preflight import preflight
from choreography.retries import unless
from choreography.testing.fake import FakeClock
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack

ALL = frozenset({"READ", "WRITE", "DESCRIBE"})
NEEDS = Needs(
    reads=("shop.orders.v1",),
    writes=("shop.warehouse.v1", "shop.warehouse.dlq.v1"),
    group="shop.warehouse",
    database_url="sqlite:////var/lib/shop.warehouse.db",
)
SEEN = ClusterSeen(
    topics={name: Access(allowed=ALL) for name in (*NEEDS.reads, *NEEDS.writes)},
    group=Access(allowed=ALL),
    config={
        "group.min.session.timeout.ms": "6000",
        "group.max.session.timeout.ms": "300000",
        "group.coordinator.rebalance.protocols": "classic,consumer",
        "group.consumer.session.timeout.ms": "45000",
    },
    own=frozenset({"10.0.0.1", "127.0.0.1"}),
)


class ShopSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")


@dataclass
class Cluster:
    """A cluster that says what a test wants, one answer after the other, the last one for ever."""

    answers: list[ClusterSeen | Exception]
    asked: list[tuple[Sequence[str], str | None]] = field(default_factory=list)

    def look(self, topics: Sequence[str], group: str | None) -> ClusterSeen:
        self.asked.append((topics, group))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def settings(**given: Any) -> ServiceSettings:
    return ShopSettings(kafka_bootstrap_servers="k:1", schema_registry_url="http://r", **given)


async def reasons(*answers: ClusterSeen | Exception, needs: Needs = NEEDS, **given: Any) -> tuple[str, ...]:
    """Return why it is refused; nothing if it is not."""
    health = Health()
    try:
        await preflight(settings(**given), needs, Cluster(list(answers)), health=health, clock=FakeClock())
    except InvalidSettings as error:
        assert not health.ready
        return error.reasons
    assert health.ready
    return ()


def without(operation: str, *names: str) -> ClusterSeen:
    return replace(SEEN, topics={**SEEN.topics, **{name: Access(allowed=ALL - {operation}) for name in names}})


async def test_what_can_work_is_not_refused() -> None:
    assert await reasons(SEEN) == ()


async def test_all_reasons_are_said_at_once() -> None:
    seen = replace(SEEN, topics={name: Access(exists=False) for name in SEEN.topics}, group=Access())
    needs = replace(NEEDS, problems=("The port 'store' is missing.",))

    found = await reasons(seen, needs=needs, drain_seconds=300, session_timeout_ms=5_000)

    assert [reason.partition(":")[0] for reason in found] == [
        "The port 'store' is missing.",
        "SHOP_DRAIN_SECONDS",
        "shop.orders.v1, shop.warehouse.v1, shop.warehouse.dlq.v1",
        "shop.warehouse",
        "SHOP_SESSION_TIMEOUT_MS",
    ]


async def test_missing_topics_are_named_with_the_step_that_creates_them() -> None:
    (reason,) = await reasons(replace(SEEN, topics={**SEEN.topics, "shop.warehouse.dlq.v1": Access(exists=False)}))

    assert "shop.warehouse.dlq.v1: " in reason
    assert "deploy step" in reason


BARE = replace(SEEN, topics={name: Access(exists=False) for name in SEEN.topics})


@pytest.mark.parametrize(
    "at_first",
    [
        BARE,
        replace(SEEN, topics={name: Access() for name in SEEN.topics}),
        replace(SEEN, group=Access()),
    ],
    ids=["topics", "rights on topics", "rights on the group"],
)
async def test_what_was_created_just_now_is_looked_for_again(at_first: ClusterSeen) -> None:
    cluster, clock, health = Cluster([at_first, at_first, SEEN]), FakeClock(), Health()

    await preflight(settings(), NEEDS, cluster, health=health, clock=clock)

    assert len(cluster.asked) == 3
    assert 0 < clock.monotonic() < 1
    assert health.ready


async def test_what_is_missing_is_said_to_be_after_two_seconds() -> None:
    cluster, clock = Cluster([BARE]), FakeClock()

    with pytest.raises(InvalidSettings, match="these topics do not exist"):
        await preflight(settings(), NEEDS, cluster, health=Health(), clock=clock)

    assert 2 <= clock.monotonic() < 3
    assert 5 < len(cluster.asked) < 20


async def test_what_no_moment_mends_is_refused_at_once() -> None:
    for answer, given in (
        (SEEN, {"drain_seconds": 300}),
        (SEEN, {"session_timeout_ms": 300_001}),
        (replace(SEEN, config={"group.coordinator.rebalance.protocols": "classic"}), {"group_protocol": "consumer"}),
        (InvalidSettings(("KAFKA_SASL_PASSWORD: refused.",)), {}),
    ):
        cluster, clock = Cluster([answer]), FakeClock()
        with pytest.raises(InvalidSettings):
            await preflight(settings(**given), NEEDS, cluster, health=Health(), clock=clock)
        assert (len(cluster.asked), clock.monotonic()) == (1, 0)


async def test_who_is_told_to_stop_looks_no_more() -> None:
    stop = asyncio.Event()

    class Stopping(FakeClock):
        async def sleep(self, seconds: float) -> None:
            stop.set()
            await asyncio.Event().wait()

    with pytest.raises(Stopped):
        await unless(stop, Stopped, preflight(settings(), NEEDS, Cluster([BARE]), health=Health(), clock=Stopping()))


@pytest.mark.parametrize(
    ("operation", "name", "verb"), [("READ", "shop.orders.v1", "read"), ("WRITE", "shop.warehouse.v1", "write")]
)
async def test_a_missing_right_on_a_topic_is_named(operation: str, name: str, verb: str) -> None:
    (reason,) = await reasons(without(operation, name))

    assert reason.startswith(f"{name}: this client may not {verb}")
    assert f"the rights {operation} and DESCRIBE" in reason


async def test_only_the_rights_that_are_used_are_asked_for() -> None:
    assert await reasons(replace(without("WRITE", *NEEDS.reads), group=Access(allowed=frozenset({"READ"})))) == ()


async def test_a_missing_right_on_the_group_is_named() -> None:
    (reason,) = await reasons(replace(SEEN, group=Access()))

    assert reason == "shop.warehouse: this client may not use its consumer group. Give its user the right READ on it."


@pytest.mark.parametrize("milliseconds", [5_999, 300_001])
async def test_a_session_that_the_brokers_do_not_take_is_refused(milliseconds: int) -> None:
    assert "SHOP_SESSION_TIMEOUT_MS" in " ".join(await reasons(SEEN, session_timeout_ms=milliseconds))


async def test_brokers_that_do_not_speak_the_group_protocol_are_named() -> None:
    old = replace(SEEN, config={"group.coordinator.rebalance.protocols": "classic"})

    (reason,) = await reasons(old, group_protocol="consumer", session_timeout_ms=45_000)

    assert reason == "SHOP_GROUP_PROTOCOL: these brokers do not speak `consumer`. Set it to classic."


async def test_under_the_new_protocol_the_setting_says_what_the_brokers_decided() -> None:
    (reason,) = await reasons(SEEN, group_protocol="consumer")

    assert reason.endswith("a session lasts 45000 ms. Set it to 45000.")
    assert await reasons(SEEN, group_protocol="consumer", session_timeout_ms=45_000) == ()


async def test_brokers_that_do_not_show_their_configuration_are_believed() -> None:
    assert await reasons(replace(SEEN, config={}), session_timeout_ms=1) == ()


async def test_a_sqlite_ledger_and_a_live_member_on_another_host_are_refused() -> None:
    (reason,) = await reasons(replace(SEEN, hosts=frozenset({"10.0.0.2", "10.0.0.1"})))

    assert "another host (10.0.0.2)" in reason
    assert "PostgreSQL" in reason


async def test_a_second_member_on_the_same_host_shares_the_sqlite_ledger() -> None:
    assert await reasons(replace(SEEN, hosts=frozenset({"10.0.0.1", "127.0.0.1"}))) == ()


async def test_a_postgresql_ledger_may_be_shared_by_all_hosts() -> None:
    needs = replace(NEEDS, database_url="postgresql://db/shop")

    assert await reasons(replace(SEEN, hosts=frozenset({"10.0.0.2"})), needs=needs) == ()


async def test_a_member_that_died_elsewhere_is_waited_for_until_the_brokers_know_it() -> None:
    ghost = replace(SEEN, hosts=frozenset({"10.0.0.2"}))

    assert await reasons(ghost, ghost, ghost, SEEN) == ()


@pytest.mark.parametrize("missing", ["kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password"])
async def test_half_a_login_is_refused(missing: str) -> None:
    login: dict[str, Any] = {
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_username": "i",
        "kafka_sasl_password": SecretStr("hunter2"),
    }
    del login[missing]

    (reason,) = await reasons(SEEN, kafka_security_protocol="SASL_SSL", **login)

    assert reason.startswith(f"SHOP_{missing.upper()}: ")


async def test_a_login_that_would_not_be_used_is_refused_and_not_printed() -> None:
    (reason,) = await reasons(SEEN, kafka_sasl_username="ida", kafka_sasl_password=SecretStr("hunter2"))

    assert reason.startswith("SHOP_KAFKA_SASL_USERNAME, SHOP_KAFKA_SASL_PASSWORD: ")
    assert "hunter2" not in reason


async def test_a_database_of_another_make_is_one_reason_among_others() -> None:
    found = await reasons(BARE, database_url="mysql://shop:hunter2@db/shop")

    assert [reason.partition(":")[0] for reason in found] == ["DATABASE_URL", ", ".join(BARE.topics)]
    assert "hunter2" not in "".join(found)


async def test_certificates_that_are_not_there_are_refused() -> None:
    (reason,) = await reasons(SEEN, kafka_security_protocol="SSL", kafka_ssl_ca_location="/nowhere/ca.pem")

    assert reason.startswith("SHOP_KAFKA_SSL_CA_LOCATION: ")


async def test_a_cluster_that_is_away_is_no_bad_configuration() -> None:
    health, clock = Health(), FakeClock()

    cluster = Cluster([NoAnswer("Nobody is there."), NoAnswer("Nobody is there."), SEEN])
    await preflight(settings(), NEEDS, cluster, health=health, clock=clock)

    assert len(cluster.asked) == 3
    assert health.ready


async def test_a_cluster_that_is_away_does_not_hide_what_is_wrong_anyway() -> None:
    assert "SHOP_DRAIN_SECONDS" in "".join(await reasons(NoAnswer("Nobody is there."), drain_seconds=300))


async def test_a_cluster_that_answers_a_moment_later_is_heard_though_something_is_wrong_anyway() -> None:
    found = await reasons(NoAnswer("It has just begun."), BARE, drain_seconds=300)

    assert [reason.partition(":")[0] for reason in found] == ["SHOP_DRAIN_SECONDS", ", ".join(BARE.topics)]


async def test_refused_credentials_are_one_reason_among_others() -> None:
    found = await reasons(InvalidSettings(("KAFKA_SASL_PASSWORD: refused.",)), drain_seconds=300)

    assert len(found) == 2


def test_ports_that_nobody_opened_are_named() -> None:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="shelf", reads=("store", "people"))
    service = Service[Ports](group="shop.warehouse", starts="now", reactions=[reaction])

    assert port_problems(service, Ports(Store())) == [
        "shop.warehouse names the port 'people', which Ports has not.",
        "shop.warehouse names the port 'shelf', which Ports has not.",
    ]


def test_a_service_needs_what_it_reads_its_dead_letters_and_what_it_states() -> None:
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")
    service = Service[Ports](group="shop.warehouse", starts="now", reactions=[reaction])

    needs = needs_of(service, settings(database_url=NEEDS.database_url), ()).and_writes(["shop.warehouse.v1"])

    assert (needs.reads, sorted(needs.writes)) == (NEEDS.reads, sorted(NEEDS.writes))
    assert (needs.group, needs.database_url) == (NEEDS.group, NEEDS.database_url)
