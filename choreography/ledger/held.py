"""What is held, as a person sees it, and what a person may order about it.

An order is a mark on a row that is HELD, and nothing else: whoever owns the partition notices the mark, carries it out
in the order of the lane, and states what became of it. A mark is never overwritten, and a row that is not HELD any more
is never marked, so that two people who order at once, or one who orders too late, change nothing.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select, update

from choreography.ledger.table import Order, State, ledger
from choreography.records import HoldReason

_IS_HELD: Final = ledger.c.state == State.HELD
_LANE: Final = (ledger.c.topic, ledger.c.partition, ledger.c.raw_key)
_SEEN: Final = (
    *(ledger.c.effect_key, ledger.c.record_key, ledger.c.correlation_id, ledger.c.event_type, *_LANE, ledger.c.offset),
    *(ledger.c.hold_reason, ledger.c.hold_detail, ledger.c.updated_at, ledger.c.attempts, ledger.c.begun),
    *(ledger.c.not_before, ledger.c.blocks_lane, ledger.c.ordered),
)
_LARGEST: Final = 500  # keys in one statement; databases limit its parameters


@dataclass(frozen=True)
class Held:
    """A row that waits; ids only, nothing of the record's content.

    Attributes:
        event_type: the CloudEvents type; empty for a record that cannot be read.
        since: when it was held, ISO 8601, UTC.
        begun: whether its target may have been touched.
        not_before: when it is tried again by itself; without it a person decides.
        queued: how many records of the same lane wait behind it.
        ordered: what is to become of it, if that is decided already.
    """

    effect_key: UUID
    record_key: str
    correlation_id: UUID
    event_type: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    since: str
    attempts: int
    begun: bool
    not_before: str | None
    blocks_lane: bool
    queued: int
    ordered: str | None


@dataclass(frozen=True)
class Which:
    """Which rows are meant; what is left out does not narrow.

    Attributes:
        effects: these reactions.
        reasons: held for one of these reasons.
        key: the record's key, such as an employee.
        correlation: the matter, such as a case.
    """

    effects: Collection[UUID] = field(default=())
    reasons: Collection[HoldReason] = field(default=())
    key: str | None = None
    correlation: UUID | None = None

    @property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions in SQL."""
        found: list[ColumnElement[bool]] = [_IS_HELD]
        if self.effects:
            found.append(ledger.c.effect_key.in_([str(one) for one in self.effects]))
        if self.reasons:
            found.append(ledger.c.hold_reason.in_([str(one) for one in self.reasons]))
        if self.key is not None:
            found.append(ledger.c.record_key == self.key)
        if self.correlation is not None:
            found.append(ledger.c.correlation_id == str(self.correlation))
        return tuple(found)


@dataclass(frozen=True)
class Marked:
    """What an order changed, or would change.

    Attributes:
        marked: what carries the order now.
        already: what carried an order before, which stays.
        queued: what is not released, because it goes on by itself when what it queues behind does.
        missing: effects that are not held (any more), and their state; `None` for those of which nothing is known.
        refused: something that was named cannot be ordered, so nothing was.
    """

    marked: Sequence[Held]
    already: Sequence[Held]
    queued: Sequence[Held]
    missing: Mapping[UUID, str | None]
    refused: bool


def held(tx: Connection, which: Which) -> list[Held]:
    """Return what is held, by place."""
    return _held(tx, select(*_SEEN).where(*which.conditions))


def held_by_reason(tx: Connection) -> dict[str, int]:
    """Count what is held, by reason."""
    counted = select(ledger.c.hold_reason, func.count()).where(_IS_HELD).group_by(ledger.c.hold_reason)
    return {reason or HoldReason.UNKNOWN: int(count) for reason, count in tx.execute(counted)}


def reaction(tx: Connection, effect: UUID) -> RowMapping | None:
    """Return the whole row of a reaction, whatever its state."""
    return tx.execute(select(ledger).where(ledger.c.effect_key == str(effect))).mappings().one_or_none()


def order(tx: Connection, which: Which, what: Order, *, dry_run: bool = False) -> Marked:
    """Mark what is held and carries no mark yet; what is named by its key is marked together, or nothing is."""
    found = _held(tx, select(*_SEEN).where(*which.conditions).with_for_update())
    already = [one for one in found if one.ordered is not None]
    queued = [one for one in found if one.ordered is None and what is Order.RELEASE and one.reason == HoldReason.QUEUED]
    free = [one for one in found if one not in already and one not in queued]
    missing = {one: _state(tx, one) for one in which.effects if one not in {row.effect_key for row in found}}
    other = [one for one in already if one.ordered != what]
    refused = bool(which.effects) and bool(missing or queued or other)
    if not (dry_run or refused):
        _mark(tx, [str(one.effect_key) for one in free], what)
    return Marked(free, already, queued, missing, refused)


def _mark(tx: Connection, effects: Sequence[str], what: Order) -> None:
    for first in range(0, len(effects), _LARGEST):
        some = ledger.c.effect_key.in_(effects[first : first + _LARGEST])
        tx.execute(update(ledger).where(_IS_HELD, ledger.c.ordered.is_(None), some).values(ordered=what))


def _state(tx: Connection, effect: UUID) -> str | None:
    row = reaction(tx, effect)
    return None if row is None else str(row["state"])


def _held(tx: Connection, query: Select[Any]) -> list[Held]:
    rows = tx.execute(query.order_by(ledger.c.topic, ledger.c.partition, ledger.c.offset)).mappings().all()
    queues = _queues(tx) if any(row["blocks_lane"] for row in rows) else {}
    return [_seen(row, queues.get(tuple(row[one] for one in _LANE), ())) for row in rows]


def _queues(tx: Connection) -> dict[tuple[Any, ...], list[int]]:
    """Return the offsets that queue in each lane, in their order."""
    queued = select(*_LANE, ledger.c.offset).where(_IS_HELD, ledger.c.hold_reason == HoldReason.QUEUED)
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for topic, partition, key, offset in tx.execute(queued.order_by(ledger.c.offset)):
        found[topic, partition, key].append(offset)
    return found


def _seen(row: RowMapping, queue: Sequence[int]) -> Held:
    return Held(
        effect_key=UUID(row["effect_key"]),
        record_key=row["record_key"],
        correlation_id=UUID(row["correlation_id"]),
        event_type=row["event_type"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        reason=row["hold_reason"] or HoldReason.UNKNOWN,
        detail=row["hold_detail"] or "",
        since=row["updated_at"],
        attempts=row["attempts"],
        begun=bool(row["begun"]),
        not_before=row["not_before"],
        blocks_lane=bool(row["blocks_lane"]),
        queued=len(queue) - bisect_right(queue, row["offset"]) if row["blocks_lane"] else 0,
        ordered=row["ordered"],
    )
