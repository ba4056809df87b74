"""Events become bytes and come back the same."""

import copy
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choreography import Event, Topic, correlation_id, record_key, sequence
from choreography.errors import ChoreographyError, InvalidDeclaration, InvalidFact
from choreography.wire.codec import Codec
from choreography.wire.registry import SchemaNotKnown
from tests.contract.shop import facts
from tests.contract.shop.facts import ORDER, PLACED, SHIPPED, TOPIC, Channel, Line, OrderPlaced, ShopEvent
from tests.contract.shop.stand import KINDS, Shop, open_shop

TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
COUNTS = st.integers(0, 2**31 - 1)
LINES = st.lists(st.builds(Line, article=WORDS, pieces=COUNTS), max_size=4).map(tuple)
ORDERS = st.builds(
    OrderPlaced,
    event_id=st.uuids(),
    order_id=st.uuids(),
    order_version=COUNTS,
    customer_id=WORDS.filter(bool),
    occurred_at=TIMES,
    recorded_at=TIMES,
    placed_on=st.dates(),
    channel=st.sampled_from(Channel),
    note=st.none() | WORDS,
    gift_wraps=st.none() | COUNTS,
    deliver_after=st.none() | TIMES,
    is_express=st.booleans(),
    lines=LINES,
    labels=st.dictionaries(WORDS, WORDS, max_size=4),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@given(event=ORDERS)
def test_an_event_comes_back_from_its_bytes_as_it_was(shop: Shop, event: OrderPlaced) -> None:
    value = shop.codec.encode(event, TOPIC)

    assert shop.codec.decode_known(value, KINDS) == event


def test_the_bytes_are_confluents_wire_format(shop: Shop) -> None:
    value = shop.codec.encode(SHIPPED, TOPIC)

    assert value[:5] == b"\x00" + shop.schemas.id_of(TOPIC, type(SHIPPED)).to_bytes(4, "big")
    assert value[5:] == (
        b"\x480195f7a8-0000-7000-8000-0000000000bb"
        b"\x480195f7a8-0000-7000-8000-000000000001"
        b"\x04"
        b"\x06c-1"
        b"\x80\xe1\xb9\xb1\xe7\x81\xa6\x06"
        b"\x80\xe1\xb9\xb1\xe7\x81\xa6\x06"
        b"\x06p-1"
    )


def test_times_come_back_in_utc(shop: Shop) -> None:
    event = shop.codec.decode_known(shop.codec.encode(PLACED, TOPIC), KINDS)

    assert isinstance(event, OrderPlaced)
    assert event.occurred_at.tzinfo is UTC
    assert event.deliver_after is not None
    assert event.deliver_after.tzinfo is UTC


def test_a_fact_that_is_not_stamped_cannot_be_published(shop: Shop) -> None:
    unstamped = OrderPlaced(placed_on=date(2026, 3, 2))

    with pytest.raises(InvalidFact, match="event_id, occurred_at, recorded_at, customer_id, order_id, order_version"):
        shop.codec.encode(unstamped, TOPIC)


def test_an_event_that_does_not_match_its_own_schema_cannot_be_published(shop: Shop) -> None:
    wrong = PLACED.model_copy(update={"placed_on": "the second of March"})

    with pytest.raises(InvalidFact, match="does not match its schema") as caught:
        shop.codec.encode(wrong, TOPIC)

    assert "March" not in str(caught.value)


def test_an_event_that_was_not_declared_cannot_be_published(shop: Shop) -> None:
    with pytest.raises(ChoreographyError, match="Declare it in `publishes`"):
        shop.codec.encode(PLACED, Topic("shop.returns.v1", package=facts.TOPIC.package))


def test_a_schema_that_was_never_read_is_asked_for_instead_of_waited_for(shop: Shop) -> None:
    value = shop.frame("null", b"")

    with pytest.raises(SchemaNotKnown) as caught:
        shop.codec.decode_known(value, KINDS)

    assert caught.value.schema_id == int.from_bytes(value[1:5], "big")


def test_one_record_may_be_read_as_two_classes_beside_each_other(shop: Shop) -> None:
    value = shop.codec.encode(PLACED, TOPIC)

    wide = shop.codec.decode_known(value, KINDS)
    narrow = shop.codec.decode_known(value, {"shop.orders.OrderPlaced": narrow_order()})

    assert wide == PLACED
    assert narrow is not None
    assert narrow.model_dump().keys() == Event.model_fields.keys() | {"customer_id", "order_id", "order_version"}


def narrow_order() -> type[Event]:
    class OrderPlaced(ShopEvent):
        """All that a service needs that merely counts orders."""

        @classmethod
        def avsc(cls) -> dict[str, Any]:
            schema = copy.deepcopy(facts.OrderPlaced.avsc())
            schema["fields"] = [field for field in schema["fields"] if field["name"] in cls.model_fields]
            return schema

    return OrderPlaced


def test_a_schema_that_lacks_what_the_runtime_stamps_is_refused_by_name(shop: Shop) -> None:
    class OrderPlaced(Event):
        topic = TOPIC
        customer_id: str = record_key()
        basket_id: UUID = correlation_id()
        order_version: int = sequence()

        @classmethod
        def avsc(cls) -> dict[str, Any]:
            return facts.OrderPlaced.avsc()

    with pytest.raises(InvalidDeclaration, match=r"OrderPlaced\.avsc lacks basket_id"):
        shop.codec.decode_known(shop.codec.encode(PLACED, TOPIC), {"shop.orders.OrderPlaced": OrderPlaced})


def test_a_codec_made_anew_reads_what_another_one_wrote(shop: Shop) -> None:
    value = shop.codec.encode(PLACED, TOPIC)

    event = Codec(shop.schemas).decode_known(value, KINDS)

    assert isinstance(event, OrderPlaced)
    assert event.order_id == ORDER
