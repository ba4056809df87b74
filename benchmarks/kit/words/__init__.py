"""What is said in these measurements: orders of thirteen fields, and the parcels that answer them."""

from datetime import UTC, date, datetime
from typing import Annotated, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from pydantic import Field

from choreography import Event, Topic, correlation_id, record_key, sequence

__all__ = ["ORDERS", "PARCELS", "SYSTEM", "OrderCancelled", "OrderPlaced", "ParcelPacked", "ParcelUnpacked", "order"]

SYSTEM: Final = "bench"
ORDERS: Final = Topic("bench.orders.v1", package=__name__)
PARCELS: Final = Topic("bench.parcels.v1", package=__name__)
_AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

Text = Annotated[str, Field(min_length=1, max_length=200)]


class ShopEvent(Event):
    """Anything about an order."""

    customer_id: Text = record_key()
    order_id: UUID = correlation_id()
    order_version: Annotated[int, Field(ge=1, le=2**31 - 1)] = sequence()


class OrderPlaced(ShopEvent):
    """A customer ordered something."""

    topic = ORDERS

    article: Text
    quantity: Annotated[int, Field(ge=1)]
    price_cents: Annotated[int, Field(ge=0)]
    currency: Text
    country: Text | None = None
    deliver_on: date | None = None
    note: Text | None = None


class OrderCancelled(ShopEvent):
    """The customer does not want it any more."""

    topic = ORDERS


class ParcelPacked(ShopEvent):
    """The parcel is ready."""

    topic = PARCELS

    parcel: Text


class ParcelUnpacked(ShopEvent):
    """Its content is back on the shelf."""

    topic = PARCELS

    parcel: Text


def order(number: int, customers: int) -> OrderPlaced:
    """Return the order of this number, the same one every time; customers take turns."""
    return OrderPlaced(
        event_id=uuid5(NAMESPACE_OID, f"event {number}"),
        customer_id=f"C{number % customers:05d}",
        order_id=uuid5(NAMESPACE_OID, f"order {number}"),
        order_version=1 + number // customers,
        occurred_at=_AT,
        recorded_at=_AT,
        article="lamp",
        quantity=2,
        price_cents=4_995,
        currency="EUR",
        country="DE",
        deliver_on=date(2026, 3, 9),
        note="at the door",
    )
