"""Rows of a ledger, written by hand."""

from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, insert

from choreography.ledger.table import State, ledger
from choreography.outbox.outbox import pack_headers
from choreography.records import HoldReason

WHEN: Final = "2026-03-02T09:30:00+00:00"


def write_row(tx: Connection, *, effect: UUID | None = None, **values: Any) -> UUID:
    """Write one row; what is not given is that of an event which was held after it failed."""
    effect = effect or uuid4()
    row: dict[str, Any] = {
        "effect_key": str(effect),
        "record_key": "c1",
        "correlation_id": str(uuid4()),
        "sequence": 1,
        "event_id": str(uuid4()),
        "event_type": "shop.orders.OrderPlaced.v1",
        "topic": "shop.orders.v1",
        "partition": 0,
        "offset": 7,
        "state": State.HELD,
        "begun": True,
        "attempts": 5,
        "holds": 1,
        "claim": 1,
        "hold_reason": HoldReason.FAILED,
        "hold_detail": "ValueError was raised",
        "blocks_lane": True,
        "released": False,
        "raw_key": b"c1",
        "raw_value": b"\x00\x00\x00\x00\x07body",
        "raw_headers": pack_headers([("ce_id", b"an-id"), ("who", b"Robin Leaver")]),
        "raw_timestamp": 1_700_000_000_000,
        "created_at": WHEN,
        "updated_at": WHEN,
    }
    tx.execute(insert(ledger).values(row | values))
    return effect
