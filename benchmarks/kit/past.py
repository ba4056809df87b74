"""Rows of a ledger as they are after effects that have happened: the same columns, written in bulk."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, insert, text

from benchmarks.kit.bed import CUSTOMERS, Bed
from benchmarks.kit.unledgered import KINDS
from benchmarks.kit.words import ORDERS, OrderPlaced, ParcelPacked, order
from choreography.database.database import Database
from choreography.declare.event import Event
from choreography.declare.ids import effect_key, fact_id
from choreography.kafka.config import scout_config
from choreography.kafka.topic_log import TopicLog
from choreography.ledger.table import State, ledger
from choreography.wire.record import Record

CHUNK: Final = 5_000
_EMPTY: Final[dict[str, Any]] = {column.name: None for column in ledger.c if not column.primary_key} | {
    "state": State.DONE,
    "begun": True,
    "attempts": 1,
    "holds": 0,
    "claim": 1,
    "blocks_lane": False,
    "released": False,
}
_AT_ONCE: Final = 50_000
_HEX: Final = " || '-' || ".join(f"hex(randomblob({size}))" for size in (4, 2, 2, 2, 6))
_UUID: Final = f"lower({_HEX})"
_OWN: Final = {
    "effect_key": _UUID,
    "event_id": _UUID,
    "correlation_id": _UUID,
    "record_key": "'S' || (counted.number % :customers)",
}
_COLUMNS: Final = [column.name for column in ledger.c if not column.primary_key]
_QUOTED: Final = ", ".join(f'"{name}"' for name in _COLUMNS)
_VALUES: Final = ", ".join(_OWN.get(name, f'example."{name}"') for name in _COLUMNS)
_MULTIPLY: Final = text(  # SQLite's own words: a million rows in some seconds
    "WITH RECURSIVE counted(number) AS (SELECT :begin UNION ALL SELECT number + 1 FROM counted LIMIT :some) "
    f"INSERT INTO ledger ({_QUOTED}) SELECT {_VALUES} FROM counted, ledger AS example WHERE example.number = 1"
)


async def done_rows(bed: Bed, group: str, topic: str) -> list[dict[str, Any]]:
    """Return the rows of all orders on a topic, as if a group had packed them."""
    with TopicLog(scout_config(bed.settings().connection(), f"{group}.past")) as log:
        async with bed.filling_codec() as codec:
            return [
                _row(event, group, record)
                for batch in log.read(log.spans([topic]))
                for record in batch
                if isinstance(event := await codec.decode(record.value, KINDS, topic=record.topic), OrderPlaced)
            ]


def multiply(database: Database, group: str, number: int, told: Callable[[int], None]) -> None:
    """Write rows of events that are on no topic: nobody asks for them, and they are in the way."""
    write(database, [_row(order(0, 1), group, Record(ORDERS.name, 0, 0, None, None))], told)
    for begin in range(1, number, _AT_ONCE):
        some = {"customers": CUSTOMERS, "begin": begin, "some": min(_AT_ONCE, number - begin)}
        database.run_sync(_executing(some))
        told(begin + some["some"])


def write(database: Database, rows: Iterable[dict[str, Any]], told: Callable[[int], None]) -> None:
    """Insert rows, some thousands in a transaction."""
    left, written = iter(rows), 0
    while chunk := list(islice(left, CHUNK)):
        database.run_sync(_inserting(chunk))
        written += len(chunk)
        told(written)


def _executing(some: dict[str, int]) -> Callable[[Connection], object]:
    return lambda tx: tx.execute(_MULTIPLY, some)


def _inserting(chunk: list[dict[str, Any]]) -> Callable[[Connection], object]:
    return lambda tx: tx.execute(insert(ledger), chunk)


def _row(event: OrderPlaced, group: str, record: Record) -> dict[str, Any]:
    key = effect_key(event.event_id, group)
    fact = fact_of(event, group)
    at = event.recorded_at.isoformat()
    return {
        **_EMPTY,
        "effect_key": str(key),
        "record_key": event.key,
        "correlation_id": str(event.correlation),
        "sequence": event.order,
        "event_id": str(event.event_id),
        "event_type": event.ce_type(),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "fact_type": type(fact).__name__,
        "fact": fact.model_dump_json(),
        "created_at": at,
        "updated_at": at,
    }


def fact_of(event: OrderPlaced, group: str) -> Event:
    """Return what a group has stated about an order."""
    key = effect_key(event.event_id, group)
    return ParcelPacked(parcel=key.hex).stamped(
        event_id=fact_id(key, ParcelPacked),
        key=event.key,
        correlation=event.correlation,
        order=event.order,
        at=event.recorded_at,
    )
