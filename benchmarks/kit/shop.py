"""The service that is measured: it packs what is ordered, which does next to nothing, and states a fact about it."""

from dataclasses import dataclass
from typing import Literal, Protocol

from benchmarks.kit.words import OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked
from choreography import Effect, Service, on


class Shelf(Protocol):
    """The target."""

    def done(self, customer: str) -> None:
        """Have an effect."""
        ...


@dataclass
class CountingShelf:
    """A target without effort: it counts.

    Attributes:
        effects: how often something was done.
    """

    effects: int = 0

    def done(self, customer: str) -> None:  # noqa: ARG002 - of the protocol
        """Count."""
        self.effects += 1


@dataclass(frozen=True)
class Ports:
    """What the handlers need."""

    shelf: Shelf


async def pack(order: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    """Pack a parcel."""
    ports.shelf.done(order.customer_id)
    return ParcelPacked(parcel=effect.key.hex)


async def unpack(cancelled: OrderCancelled, ports: Ports, effect: Effect) -> ParcelUnpacked:
    """Unpack it."""
    ports.shelf.done(cancelled.customer_id)
    return ParcelUnpacked(parcel=effect.key.hex)


def packing(group: str) -> Service[Ports]:
    """Return the service with one reaction, to orders; nothing can undo it, so nobody looks ahead."""
    reaction = on(OrderPlaced, pack, publishes=(ParcelPacked,), target="shelf")
    return Service(group=group, starts="earliest", reactions=[reaction])


def packing_and_unpacking(group: str, starts: Literal["now", "earliest"]) -> Service[Ports]:
    """Return the service that also reacts to cancelled orders, and therefore looks ahead."""
    return Service(
        group=group,
        starts=starts,
        reactions=[
            on(OrderPlaced, pack, publishes=(ParcelPacked,), target="shelf", unless=(OrderCancelled,)),
            on(OrderCancelled, unpack, publishes=(ParcelUnpacked,), target="shelf"),
        ],
    )
