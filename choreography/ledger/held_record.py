"""A row of the ledger that waits, read back: its record, and what is to become of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from choreography.ledger.entry import Entry
from choreography.ledger.table import State
from choreography.ledger.undoing import Undoing
from choreography.outbox.outbox import unpack_headers
from choreography.records import HoldReason
from choreography.wire.record import Record


@dataclass(frozen=True)
class HeldRecord:
    """A record that waited in the ledger and is to run now.

    Attributes:
        kept: what the ledger says about it.
        undone_by: what makes its effect pointless, where that is known from an event that arrived meanwhile.
        was_later: it has been tried in vain for a while before.
        since: when the ledger first heard of it.
    """

    kept: Entry
    undone_by: Undoing | None
    was_later: bool
    since: datetime

    @property
    def record(self) -> Record:
        """The record, as it was fetched."""
        return self.kept.record


@dataclass(frozen=True)
class Looked:
    """What the ledger keeps of a lane: what is to run now, and if nothing is, whether that blocks the lane."""

    waited: HeldRecord | None
    waits: bool
    blocked: bool


def runs(row: RowMapping, now: datetime) -> bool:
    """Whether a row that is reached in its lane runs now."""
    if row["state"] == State.INTENT or row["ordered"] is not None or row["hold_reason"] == HoldReason.QUEUED:
        return True
    return row["not_before"] is not None and row["not_before"] <= now.isoformat()


def held_record_of(row: RowMapping, entry: Entry, undone_by: Undoing | None) -> HeldRecord:
    """Return what a row keeps, to be run."""
    later = row["hold_reason"] == HoldReason.LATER and row["ordered"] is None
    return HeldRecord(entry, undone_by, later, datetime.fromisoformat(row["created_at"]))


def undoing_of(row: RowMapping) -> Undoing | None:
    """Return the event that arrived and undoes what a row keeps."""
    return Undoing(UUID(row["resolved_by"]), row["resolved_by_type"]) if row["resolved_by"] else None


def kept_entry(row: RowMapping, claim: int) -> Entry:
    """Return what a row says, with its record."""
    headers = tuple(unpack_headers(row["raw_headers"] or "[]"))
    timestamp = row["raw_timestamp"] or 0
    record = Record(row["topic"], row["partition"], row["offset"], row["raw_key"], row["raw_value"], headers, timestamp)
    return Entry(
        effect_key=UUID(row["effect_key"]),
        record_key=row["record_key"],
        correlation=UUID(row["correlation_id"]),
        order=row["sequence"],
        event_id=UUID(row["event_id"]),
        event_type=row["event_type"],
        record=record,
        claim=claim,
    )
