from datetime import timedelta
from typing import Any

import pytest

from choreography import Effect, InvalidDeclaration, Reaction, Service, on
from tests.shop.facts import OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked, Ports, pack, unpack

PACKS = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store", unless=(OrderCancelled,))
UNPACKS = on(OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="store")


def warehouse(*reactions: Reaction[Ports], group: str = "shop.warehouse") -> Service[Ports]:
    return Service(group=group, starts="now", reactions=reactions)


def test_a_service_says_what_it_reads_and_what_it_states() -> None:
    service = warehouse(PACKS, UNPACKS)

    assert [topic.name for topic in service.topics] == ["shop.orders.v1"]
    assert service.publishes == (ParcelPacked, ParcelUnpacked)
    assert (service.system, service.name) == ("shop", "warehouse")


def test_an_event_has_one_reaction_in_a_service() -> None:
    with pytest.raises(InvalidDeclaration, match="two reactions to OrderPlaced"):
        warehouse(PACKS, PACKS)


def test_a_service_that_reacts_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="reacts to nothing"):
        warehouse()


@pytest.mark.parametrize("group", ["", "warehouse", "Shop.warehouse", "shop.ware_house", "shop..warehouse", "shop."])
def test_a_group_that_is_not_named_after_its_system_is_refused(group: str) -> None:
    with pytest.raises(InvalidDeclaration, match="not allowed"):
        warehouse(PACKS, group=group)


def test_only_an_event_of_the_same_topic_can_undo_another() -> None:
    with pytest.raises(InvalidDeclaration, match="ParcelPacked, which is on another topic"):
        on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store", unless=(ParcelPacked,))


def test_a_handler_that_is_not_async_is_refused() -> None:
    def sync(event: OrderPlaced, ports: Ports, effect: Effect) -> Any:
        return ParcelPacked(parcel="x")

    with pytest.raises(InvalidDeclaration, match="not an async function"):
        on(OrderPlaced, sync, publishes=(ParcelPacked,), target="store")


def test_a_reaction_ends_in_a_fact() -> None:
    nothing: Any = ()

    with pytest.raises(InvalidDeclaration, match="publishes nothing"):
        on(OrderPlaced, pack, publishes=nothing, target="store")


def test_a_time_limit_is_longer_than_nothing() -> None:
    with pytest.raises(InvalidDeclaration, match="longer than nothing"):
        warehouse(on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store", within=timedelta(0)))


def test_a_service_says_once_what_holds_for_all_its_reactions_and_each_may_say_otherwise() -> None:
    packs = on(OrderPlaced, pack, publishes=(ParcelPacked,))
    unpacks = on(
        OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="desk", reads=(), within="whenever", repeatable=True
    )

    service = Service[Ports](
        group="shop.warehouse",
        starts="now",
        target="store",
        reads=("people",),
        within=timedelta(minutes=5),
        repeatable=False,
        reactions=[packs, unpacks],
    )

    said = [(one.target, one.reads, one.within, one.repeatable) for one in service.reactions]
    assert said == [("store", ("people",), timedelta(minutes=5), False), ("desk", (), None, True)]


def test_a_reaction_without_a_target_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="The reaction to OrderPlaced has no target"):
        warehouse(on(OrderPlaced, pack, publishes=(ParcelPacked,)))
