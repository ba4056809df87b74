"""Events: half-made until the runtime fills them in, and never changed afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from pydantic import ValidationError

from choreography import Event, InvalidDeclaration, InvalidFact, Topic, correlation_id, record_key, sequence
from choreography.declare.event import UNSTAMPED, Role, roles
from choreography.declare.ids import effect_key, fact_id
from choreography.records import REACTIONS, ReactionSkipped

SHIPMENTS = Topic("shop.shipments.v2", package="choreography.records")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class ShopEvent(Event):
    topic = SHIPMENTS

    customer: str = record_key()
    order_id: UUID = correlation_id()
    step: int = sequence()


class OrderShipped(ShopEvent):
    parcels: int


def _stamped(event: OrderShipped, event_id: UUID | None = None, correlation: UUID | None = None) -> OrderShipped:
    return event.stamped(event_id=event_id or uuid4(), key="C-1", correlation=correlation or uuid4(), order=2, at=NOON)


def test_a_handler_gives_only_what_it_knows() -> None:
    fact = OrderShipped(parcels=2)

    assert fact.parcels == 2
    assert fact.unstamped_fields() == ("event_id", "occurred_at", "recorded_at", "customer", "order_id", "step")


@pytest.mark.parametrize("use", [str, "{}".format, lambda value: f"{value}", lambda value: f"{value:>10}"])
def test_what_is_not_known_yet_cannot_slip_into_a_text(use: Callable[[object], str]) -> None:
    with pytest.raises(InvalidFact, match="filled in when the fact is stated"):
        use(OrderShipped(parcels=2).customer)


def test_what_is_not_known_yet_can_be_shown_to_a_developer() -> None:
    assert repr(UNSTAMPED) == "<unstamped>"
    assert "<unstamped>" in repr(OrderShipped(parcels=2))


def test_the_key_of_a_half_made_fact_cannot_be_used() -> None:
    fact = OrderShipped(parcels=2)

    for use in (lambda: fact.key, lambda: fact.correlation, lambda: fact.order):
        with pytest.raises(InvalidFact):
            use()


def test_the_runtime_fills_in_ids_times_and_roles() -> None:
    event_id, matter = uuid4(), uuid4()

    fact = _stamped(OrderShipped(parcels=2), event_id=event_id, correlation=matter)

    assert (fact.event_id, fact.customer, fact.order_id, fact.step) == (event_id, "C-1", matter, 2)
    assert (fact.key, fact.correlation, fact.order) == ("C-1", matter, 2)
    assert (fact.occurred_at, fact.recorded_at) == (NOON, NOON)
    assert fact.unstamped_fields() == ()


@pytest.mark.parametrize(
    "given", [{"customer": "C-9"}, {"event_id": uuid4()}, {"occurred_at": NOON}, {"order_id": uuid4()}, {"step": 1}]
)
def test_a_handler_that_fills_in_what_is_the_runtimes_is_refused(given: dict[str, Any]) -> None:
    fact = OrderShipped(parcels=2, **given)

    with pytest.raises(InvalidFact, match=next(iter(given))):
        _stamped(fact)


def test_a_stated_fact_cannot_be_stamped_again() -> None:
    fact = _stamped(OrderShipped(parcels=2))

    with pytest.raises(InvalidFact, match="leave them out of the handler"):
        _stamped(fact)


def test_a_fact_never_changes_and_has_no_unknown_fields() -> None:
    fact = OrderShipped(parcels=2)

    with pytest.raises(ValidationError, match="frozen"):
        fact.parcels = 3  # type: ignore[misc]  # that is the point
    with pytest.raises(ValidationError, match="colour"):
        OrderShipped.model_validate({"parcels": 2, "colour": "red"})


def test_a_refused_value_is_never_repeated_in_the_message() -> None:
    with pytest.raises(ValidationError) as refused:
        OrderShipped.model_validate({"parcels": "ada@example.com"})

    assert "ada@example.com" not in str(refused.value)


def test_times_are_kept_in_utc_and_need_a_zone() -> None:
    in_tokyo = datetime(2026, 3, 2, 21, 0, tzinfo=timezone(timedelta(hours=9)))

    fact = OrderShipped(parcels=2, occurred_at=in_tokyo)

    assert fact.occurred_at.isoformat() == "2026-03-02T12:00:00+00:00"
    with pytest.raises(ValidationError, match="needs a zone"):
        OrderShipped(parcels=2, occurred_at=datetime(2026, 3, 2, 12, 0))  # noqa: DTZ001 - that is the point


def test_each_role_is_found_whatever_the_domain_calls_its_field() -> None:
    assert roles(OrderShipped) == {
        Role.RECORD_KEY: "customer",
        Role.CORRELATION_ID: "order_id",
        Role.SEQUENCE: "step",
    }


def test_an_event_without_a_role_is_refused() -> None:
    class Nameless(Event):
        topic = SHIPMENTS
        customer: str = record_key()

    with pytest.raises(InvalidDeclaration, match="no field as correlation_id, sequence"):
        roles(Nameless)


def test_an_event_with_a_role_twice_is_refused() -> None:
    class Twofold(ShopEvent):
        buyer: str = record_key()

    with pytest.raises(InvalidDeclaration, match="two fields as record_key: customer and buyer"):
        roles(Twofold)


def test_an_event_without_a_schema_says_which_file_is_missing() -> None:
    with pytest.raises(InvalidDeclaration, match=r"add OrderShipped\.avsc to the package choreography\.records"):
        OrderShipped.avsc()


def test_an_event_is_named_by_its_schema_and_the_version_of_its_topic() -> None:
    assert ReactionSkipped.full_name() == "choreography.ReactionSkipped"
    assert ReactionSkipped.ce_type() == "choreography.ReactionSkipped.v1"
    assert ReactionSkipped.topic == REACTIONS


def test_the_same_event_and_group_always_give_the_same_ids() -> None:
    event_id = UUID("0193d1a2-0000-7000-8000-000000000001")

    key = effect_key(event_id, "shop.parcels")

    assert key == uuid5(event_id, "shop.parcels")
    assert fact_id(key, OrderShipped) == uuid5(key, "OrderShipped")


def test_another_group_fact_or_resend_gives_other_ids() -> None:
    event_id = uuid4()
    key = effect_key(event_id, "shop.parcels")

    keys = {key, effect_key(event_id, "shop.mail"), effect_key(event_id, "shop.parcels", 1), effect_key(uuid4(), "a.b")}

    assert len(keys) == 4
    assert fact_id(key, OrderShipped) != fact_id(key, ReactionSkipped)
