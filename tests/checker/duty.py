"""Events, and what each group owes about each of them.

The ids are derived here once more, from what the design says about them: an effect is uuid5(event id, group), a fact
is uuid5(effect, type). Sharing that code with the product would share its mistakes.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from tests.checker.expectations import Reaction
from tests.checker.history import Effect, Record, Row

FINISHED: Final = frozenset({"DONE", "SKIPPED", "HELD"})
Place: TypeAlias = tuple[str, str, int]
Lane: TypeAlias = tuple[str, str, int, str | None]


class Event(NamedTuple):
    """A readable record, with what its headers say."""

    record: Record
    id: str
    type: str
    correlation: str
    sequence: int
    causation: str | None


@dataclass(slots=True)
class Duty:
    """What a group owes about an event: one effect at one target.

    Attributes:
        key: of the effect.
        rows: the lines of the ledger's row, in their order.
        effects: what the product did at the target because of it; `None` where the target cannot tell.
        facts: what says that it happened.
        instead: what says, rightly, that it did not.
        undoing: later events of the case that make it pointless.
        undone: earlier duties of the case whose effect this one takes back.
    """

    reaction: Reaction
    event: Event
    key: str
    is_before_begin: bool
    rows: list[Row] = field(default_factory=list)
    effects: list[Effect] | None = field(default_factory=list)
    facts: list[Event] = field(default_factory=list)
    instead: list[Event] = field(default_factory=list)
    undoing: list[Event] = field(default_factory=list)
    undone: list["Duty"] = field(default_factory=list)

    @property
    def row(self) -> Row | None:
        """The row as it is at the end."""
        return self.rows[-1] if self.rows else None

    @property
    def has_happened(self) -> bool:
        """Whether the effect is there, as the target says, or as is stated where the target cannot tell."""
        if self.effects is not None:
            return bool(self.effects)
        return bool(self.facts) or (self.row is not None and self.row.state == "DONE" and not self.instead)

    @property
    def place(self) -> Place:
        """Group, topic, partition."""
        return (self.reaction.group, self.event.record.topic, self.event.record.partition)

    @property
    def lane(self) -> Lane:
        """Group, topic, partition, key."""
        return (*self.place, self.event.record.key)


def event_of(record: Record) -> Event | None:
    """Return what a record says, unless it is poison."""
    said = record.headers
    if record.value is None or "ce_id" not in said:
        return None
    sequence = said.get("ce_sequence", "")
    return Event(
        record,
        said["ce_id"],
        short(said.get("ce_type", "")),
        said.get("ce_subject", ""),
        int(sequence) if sequence.isdigit() else 0,
        said.get("ce_causationid"),
    )


def short(name: str) -> str:
    """Return `OrderPlaced` for `shop.orders.OrderPlaced.v1`."""
    parts = name.split(".")
    return parts[-2] if len(parts) > 1 and parts[-1][:1] == "v" and parts[-1][1:].isdigit() else parts[-1]


def derived(namespace: str, name: str) -> str:
    """Return uuid5 of an id and a name; an id that is no UUID derives nothing that could be met."""
    try:
        return str(uuid5(UUID(namespace), name))
    except ValueError:
        return f"{namespace}/{name}"
