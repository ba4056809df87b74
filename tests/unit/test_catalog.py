"""What is declared is found by walking packages; no list exists anywhere."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from choreography import InvalidDeclaration
from choreography.declare.catalog import events, services, topics
from infra.inventory import programs

SAYS = """
from uuid import UUID
from choreography import Event, Topic, correlation_id, record_key, sequence

TOPIC = Topic("shop.{topic}.v1", package=__name__)

class ShopEvent(Event):
    order_id: str = record_key()
    purchase: UUID = correlation_id()
    step: int = sequence()

class Fact(ShopEvent):
    topic = TOPIC

class {name}(Fact):
    pass
"""
LISTENS = """
from choreography import Effect, Service, on
from {package}.said.orders import OrderPlaced

async def pack(event: OrderPlaced, ports: object, effect: Effect) -> OrderPlaced:
    return event

service = Service[object](group="{group}", starts="now", reactions=[
    on(OrderPlaced, pack, publishes=(OrderPlaced,), target="desk"),
])
"""


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A package with two topics, a service, and a library that is none; its name is this test's alone."""
    package = f"shop_{request.node.name}"
    _write(tmp_path / package / "__init__.py", "")
    _write(tmp_path / package / "said" / "__init__.py", "")
    _write(tmp_path / package / "said" / "orders" / "__init__.py", SAYS.format(topic="orders", name="OrderPlaced"))
    _write(tmp_path / package / "said" / "parcels" / "__init__.py", SAYS.format(topic="parcels", name="ParcelPacked"))
    _write(tmp_path / package / "listens" / "__init__.py", "")
    _write(tmp_path / package / "listens" / "library" / "__init__.py", "")
    _service(tmp_path, package, "packing", "shop.packing")
    sys.path.insert(0, str(tmp_path))
    yield package
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_topics_and_the_events_on_them_are_found(shop: str) -> None:
    assert [topic.name for topic in topics(f"{shop}.said")] == ["shop.orders.v1", "shop.parcels.v1"]
    assert [kind.__name__ for kind in events(f"{shop}.said")] == ["OrderPlaced", "ParcelPacked"]


def test_a_folder_with_a_service_is_a_service_and_a_library_is_none(shop: str) -> None:
    assert [(name, service.group) for name, service in services(f"{shop}.listens")] == [
        (f"{shop}.listens.packing", "shop.packing")
    ]


def test_a_folder_that_was_added_a_moment_ago_is_found(shop: str, tmp_path: Path) -> None:
    services(f"{shop}.listens")
    _service(tmp_path, shop, "billing", "shop.billing")

    assert [service.group for _, service in services(f"{shop}.listens")] == ["shop.billing", "shop.packing"]


def test_two_services_of_one_group_are_refused(shop: str, tmp_path: Path) -> None:
    _service(tmp_path, shop, "twin", "shop.packing")

    with pytest.raises(InvalidDeclaration, match=r"both use the group shop.packing.*a name of its own"):
        services(f"{shop}.listens")


def test_a_topic_that_two_packages_declare_is_refused(shop: str, tmp_path: Path) -> None:
    _write(tmp_path / shop / "said" / "again" / "__init__.py", SAYS.format(topic="orders", name="OrderPlaced"))

    with pytest.raises(InvalidDeclaration, match=r"both declare the topic shop.orders.v1"):
        topics(f"{shop}.said")


def test_a_service_module_without_a_service_is_said_so(shop: str, tmp_path: Path) -> None:
    _write(tmp_path / shop / "listens" / "empty" / "__init__.py", "")
    _write(tmp_path / shop / "listens" / "empty" / "service.py", "service = None")

    with pytest.raises(InvalidDeclaration, match=r"listens.empty.service declares no `service = Service\[Ports\]"):
        services(f"{shop}.listens")


def test_every_producer_and_service_of_the_system_is_a_program() -> None:
    assert set(programs()) >= {"producers.ems", "consumers.access", "consumers.hr", "consumers.notification"}
    assert "consumers.shared.directory" not in programs()


def _service(root: Path, package: str, name: str, group: str) -> None:
    _write(root / package / "listens" / name / "__init__.py", "")
    _write(root / package / "listens" / name / "service.py", LISTENS.format(package=package, group=group))


def _write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
