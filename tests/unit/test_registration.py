"""What is stated has to be registered before it is stated."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from choreography import InvalidSettings, ServiceSettings
from choreography.database.database import Database
from choreography.health import Health
from choreography.testing.fake import FakeClock
from choreography.wire.registration import not_registered, prepared, with_schemas
from choreography.wire.registry import metadata
from choreography.wire.subject import Subject
from tests.contract.shop.facts import TOPIC, OrderPlaced, OrderShipped
from tests.contract.shop.stand import PUBLISHED, Shop

PLACED, SHIPPED = Subject.of(TOPIC, OrderPlaced), Subject.of(TOPIC, OrderShipped)


class ShopSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    database.create(metadata)
    yield Shop(database)
    database.close()


class Deploying(FakeClock):
    """A clock under which the second schema is registered while somebody waits."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self._shop = shop

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))
        self._shop.registry.register(SHIPPED)


async def test_a_schema_that_was_registered_just_now_is_looked_for_again(shop: Shop) -> None:
    shop.registry.register(PLACED)
    health, clock = Health(), Deploying(shop)

    await prepared(shop.schemas, PUBLISHED, health, clock)

    assert health.ready
    assert 0 < clock.monotonic() < 1


async def test_what_is_not_registered_is_said_after_two_seconds(shop: Shop) -> None:
    clock = FakeClock()

    with pytest.raises(InvalidSettings) as refusal:
        await prepared(shop.schemas, PUBLISHED, Health(), clock)

    assert len(refusal.value.reasons) == 2
    assert 2 <= clock.monotonic() < 3


async def test_each_schema_that_the_registry_lacks_is_named_with_the_remedy(shop: Shop) -> None:
    shop.registry.register(PLACED)

    (reason,) = await not_registered(shop.registry, PUBLISHED)

    assert SHIPPED.name in reason
    assert "deploy step" in reason


async def test_a_registry_that_is_away_lacks_nothing_that_is_known(shop: Shop) -> None:
    shop.registry.up = False

    assert await not_registered(shop.registry, PUBLISHED) == ()


async def test_the_address_of_the_registry_is_one_reason_among_others() -> None:
    settings = ShopSettings(kafka_bootstrap_servers="k:1", schema_registry_url="registry:8081")

    found = await with_schemas(InvalidSettings(("A topic is missing.",)), settings, PUBLISHED, FakeClock())

    assert found.reasons[0] == "A topic is missing."
    assert "must begin with http://" in found.reasons[1]
