"""A cluster that asks who one is and allows little: logins, rights, and what is said where one is missing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from choreography import Event, InvalidSettings, Service, on
from choreography.outbox.deadletter import dead_letters_of
from choreography.records import REACTIONS, SERVICES
from infra.providers import Broker
from tests.kafka_server import SECURED, KafkaServer
from tests.shop.facts import Ports, Store, cancelled, pack, placed, unpack
from tests.shop.live import LiveShop, until

pytestmark = pytest.mark.broker
USER, PASSWORD = "warehouse", "warehouse-secret"
LOGIN: Final = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_sasl_username": USER,
    "kafka_sasl_password": PASSWORD,
}


@pytest.fixture(scope="module")
def server(broker: Broker, state_dir: Path) -> Iterator[KafkaServer]:
    one = KafkaServer(state_dir / "secured", SECURED, {USER: PASSWORD})
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def shop(broker: Broker, server: KafkaServer, tmp_path: Path) -> AsyncIterator[LiveShop]:
    one = LiveShop(Broker(server.bootstrap_servers, broker.registry_url), tmp_path, server.login)
    everything = LiveShop(broker, tmp_path)
    everything.system, everything.group, everything.kinds = one.system, one.group, one.kinds
    everything.placed, everything.packed = one.placed, one.packed
    await asyncio.to_thread(everything.deploy)  # registers the schemas, in the registry that both brokers share
    admin = server.admin()
    created = admin.create_topics([NewTopic(name, 2, 1) for name in reads(one) + writes(one)])
    for answer in created.values():
        answer.result(30)
    yield one
    everything.close()
    one.close()


def reads(shop: LiveShop) -> list[str]:
    return [shop.placed.topic.name]


def writes(shop: LiveShop) -> list[str]:
    kit = [REACTIONS.of(shop.system), SERVICES.of(shop.system), dead_letters_of(shop.group)]
    return [shop.packed.topic.name, *(topic.name for topic in kit)]


def allow(server: KafkaServer, kind: ResourceType, operation: AclOperation, *names: str) -> None:
    rights = [
        AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*", operation, AclPermissionType.ALLOW)
        for name in names
    ]
    admin = server.admin()
    for answer in admin.create_acls(rights).values():
        answer.result(30)


def forbid(server: KafkaServer, kind: ResourceType, name: str) -> None:
    everything = AclBindingFilter(
        kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*", AclOperation.ANY, AclPermissionType.ANY
    )
    admin = server.admin()
    for answer in admin.delete_acls([everything]).values():
        answer.result(30)


def allow_all(server: KafkaServer, shop: LiveShop) -> None:
    """Give the service what the architecture says: reads its inputs, uses its group, writes its topics; no more."""
    allow(server, ResourceType.TOPIC, AclOperation.READ, *reads(shop))
    allow(server, ResourceType.TOPIC, AclOperation.WRITE, *writes(shop))
    allow(server, ResourceType.GROUP, AclOperation.READ, shop.group)


def warehouse(shop: LiveShop) -> Service[Ports]:
    async def packed(*given: Any) -> Event:
        return shop.packed(parcel=(await pack(*given)).parcel)

    async def unpacked(*given: Any) -> Event:
        return shop.unpacked(parcel=(await unpack(*given)).parcel)

    return Service(
        group=shop.group,
        starts="earliest",
        reactions=[
            on(shop.placed, packed, publishes=(shop.packed,), target="store", unless=(shop.cancelled,)),  # type: ignore[arg-type]
            on(shop.cancelled, unpacked, publishes=(shop.unpacked,), target="store"),  # type: ignore[arg-type]
        ],
    )


async def refused(shop: LiveShop, **given: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as refusal:
        async with shop.serving(warehouse(shop), Ports(Store()), **given):
            pass
    return refusal.value.reasons


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_a_service_does_its_work_with_a_login_and_no_more_rights_than_it_needs(
    shop: LiveShop, server: KafkaServer, protocol: str
) -> None:
    allow_all(server, shop)
    store, order, other = Store(), placed("c1"), placed("c2")
    events = [shop.placed.model_validate(one.model_dump()) for one in (order, other)]
    await shop.publish(*events, shop.cancelled.model_validate(cancelled(order).model_dump()))

    async with shop.serving(warehouse(shop), Ports(store), **LOGIN, group_protocol=protocol):
        await until(lambda: len(store.packed) == 1)

    assert len(await shop.stated(shop.packed)) == 1
    assert store.attempts == 1  # so that who reads ahead was let in, too


async def test_every_right_that_is_missing_is_named_at_once(shop: LiveShop) -> None:
    found = await refused(shop, **LOGIN)

    assert len(found) == 3
    assert found[0].startswith(f"{reads(shop)[0]}: this client may not read")
    assert all(name in found[1] for name in writes(shop))
    assert found[2].startswith(f"{shop.group}: this client may not use its consumer group")


@pytest.mark.parametrize("which", range(6))
async def test_a_single_right_that_is_missing_is_named_alone(shop: LiveShop, server: KafkaServer, which: int) -> None:
    allow_all(server, shop)
    topics = [*reads(shop), *writes(shop)]
    if which < len(topics):
        forbid(server, ResourceType.TOPIC, topics[which])
    else:
        forbid(server, ResourceType.GROUP, shop.group)

    (reason,) = await refused(shop, **LOGIN)

    assert reason.startswith(f"{[*topics, shop.group][which]}: ")


async def test_a_wrong_password_is_refused_and_not_repeated_to_anybody(
    shop: LiveShop, server: KafkaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    allow_all(server, shop)

    (reason,) = await refused(shop, **{**LOGIN, "kafka_sasl_password": "hunter2"})

    said = capsys.readouterr()
    assert "KAFKA_SASL_PASSWORD" in reason
    assert "hunter2" not in reason + said.out + said.err
