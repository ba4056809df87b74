"""A domain that has nothing to do with exits: the kit must not notice the difference."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from choreography import Event, Topic, correlation_id, record_key, sequence

TOPIC: Final = Topic("shop.orders.v1", package="tests.contract.shop")

Pieces = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Channel(StrEnum):
    SHOP = "SHOP"
    PHONE = "PHONE"
    UNKNOWN = "UNKNOWN"


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    article: str
    pieces: Pieces


class ShopEvent(Event):
    topic = TOPIC

    customer_id: Annotated[str, Field(min_length=1)] = record_key()
    order_id: UUID = correlation_id()
    order_version: Pieces = sequence()


class OrderPlaced(ShopEvent):
    placed_on: date
    channel: Channel = Channel.UNKNOWN
    note: Annotated[str, Field(max_length=40)] | None = None
    gift_wraps: Pieces | None = None
    deliver_after: Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))] | None = None
    is_express: bool = False
    lines: tuple[Line, ...] = ()
    labels: dict[str, Annotated[str, Field(max_length=40)]] = {}  # noqa: RUF012 - pydantic copies it


class OrderShipped(ShopEvent):
    parcel: str


AT: Final = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
ORDER: Final = UUID("0195f7a8-0000-7000-8000-000000000001")
PLACED: Final = OrderPlaced(
    placed_on=date(2026, 3, 2),
    channel=Channel.PHONE,
    note="leave it with the neighbour",
    gift_wraps=2,
    deliver_after=AT,
    lines=(Line(article="teapot", pieces=1),),
    labels={"colour": "blue"},
).stamped(event_id=UUID("0195f7a8-0000-7000-8000-0000000000aa"), key="c-1", correlation=ORDER, order=1, at=AT)
SHIPPED: Final = OrderShipped(parcel="p-1").stamped(
    event_id=UUID("0195f7a8-0000-7000-8000-0000000000bb"), key="c-1", correlation=ORDER, order=2, at=AT
)
