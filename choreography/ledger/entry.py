"""What the ledger says about the event that a reaction answers."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from choreography.declare.event import Event
from choreography.declare.ids import effect_key
from choreography.wire.record import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """An event, the reaction of a group to it, and the claim under which it is written about.

    Attributes:
        claim: the number of this member's claim on the partition of the record.
    """

    effect_key: UUID
    record_key: str
    correlation: UUID
    order: int
    event_id: UUID
    event_type: str
    record: Record
    claim: int

    @property
    def context(self) -> dict[str, str | int]:
        """What every log line about it says: ids and coordinates, nothing of its content."""
        return {
            "event_id": str(self.event_id),
            "event_type": self.event_type,
            "case_id": str(self.correlation),
            "topic": self.record.topic,
            "partition": self.record.partition,
            "offset": self.record.offset,
        }


def entry_of(event: Event, group: str, record: Record, claim: int) -> Entry:
    """Return the entry of a group's reaction to an event."""
    return Entry(
        effect_key=effect_key(event.event_id, group),
        record_key=event.key,
        correlation=event.correlation,
        order=event.order,
        event_id=event.event_id,
        event_type=event.ce_type(),
        record=record,
        claim=claim,
    )


def poison_entry(group: str, record: Record, claim: int) -> Entry:
    """Return the entry of a record that cannot be read.

    Its id comes from where it stands, not from its headers: it may carry the id of a genuine event.
    """
    own = uuid5(NAMESPACE_URL, f"choreography:{group}/{record.topic}/{record.partition}/{record.offset}")
    return Entry(
        effect_key=own,
        record_key=_text(record.key) or f"{record.topic}:{record.partition}",
        correlation=own,
        order=0,
        event_id=own,
        event_type="",
        record=record,
        claim=claim,
    )


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value else None
    except UnicodeDecodeError:
        return None
