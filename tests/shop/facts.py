"""A small domain for tests of the kit: orders, and a warehouse that packs them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar, cast
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict

from choreography import Effect, Event, NothingToDo, Topic, correlation_id, record_key, sequence

ORDERS: Final = Topic("shop.orders.v1", package="tests.shop")
WAREHOUSE: Final = Topic("shop.warehouse.v1", package="tests.shop")
AT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

K = TypeVar("K", bound=Event)


class ShopEvent(Event):
    customer_id: str = record_key()
    order_id: UUID = correlation_id()
    order_version: int = sequence()


class OrderPlaced(ShopEvent):
    topic = ORDERS

    article: str


class OrderCancelled(ShopEvent):
    topic = ORDERS


class ParcelPacked(ShopEvent):
    topic = WAREHOUSE

    parcel: str


class ParcelUnpacked(ShopEvent):
    topic = WAREHOUSE

    parcel: str


class Shelf(BaseModel):
    """What packing decides before it takes anything."""

    model_config = ConfigDict(frozen=True)

    place: str


@dataclass
class Store:
    """A target that remembers what was done to it; `fails` raises before or after the effect."""

    packed: list[UUID] = field(default_factory=list)
    unpacked: list[UUID] = field(default_factory=list)
    attempts: int = 0
    before: Callable[[int], Awaitable[None]] | None = None
    after: Callable[[int], Awaitable[None]] | None = None

    async def pack(self, key: UUID) -> None:
        self.attempts += 1
        if self.before:
            await self.before(self.attempts)
        if key not in self.packed:
            self.packed.append(key)
        if self.after:
            await self.after(self.attempts)


@dataclass(frozen=True)
class Ports:
    store: Store


async def pack(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    await ports.store.pack(effect.key)
    return ParcelPacked(parcel=f"{event.article}-{effect.key}")


async def unpack(event: OrderCancelled, ports: Ports, effect: Effect) -> ParcelUnpacked:
    packed = await effect.earlier(ParcelPacked)
    left = await effect.unfinished(Shelf)
    if packed is None and not left:
        raise NothingToDo("nothing was packed")
    ports.store.unpacked.append(effect.key)
    return ParcelUnpacked(parcel=packed.parcel if packed else left[0].place)


def placed(customer: str = "c1", order: UUID | None = None, version: int = 1, article: str = "lamp") -> OrderPlaced:
    return OrderPlaced(
        event_id=uuid4(),
        customer_id=customer,
        order_id=order or uuid4(),
        order_version=version,
        occurred_at=AT,
        recorded_at=AT,
        article=article,
    )


def cancelled(order: OrderPlaced, version: int = 2) -> OrderCancelled:
    return OrderCancelled(
        event_id=uuid4(),
        customer_id=order.customer_id,
        order_id=order.order_id,
        order_version=version,
        occurred_at=AT,
        recorded_at=AT,
    )


def of_system(kind: type[K], system: str) -> type[K]:
    """Return the same event on the same-named topic of another system, so that tests can share one broker."""
    return cast("type[K]", type(kind.__name__, (kind,), {"topic": kind.topic.of(system), "__module__": __name__}))
