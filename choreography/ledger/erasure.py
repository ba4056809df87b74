"""Erasing what a ledger and its outbox know of one key, such as a person.

A row of the ledger is what makes a replay harmless: without it a mail would be sent again. So the row stays, with its
effect key, where its event stands, and that it is done. What it says of the key goes: the key itself, what was decided
and stated, and what is left of the record. In place of the key stands a random one, which nobody keeps and nothing
leads back from. Only rows that have ended are touched, and only those of matters that are over: nothing writes to them
any more, and nothing reads what they said.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from choreography.ledger.positions import places
from choreography.ledger.table import ENDED, ledger
from choreography.outbox.outbox import outbox
from choreography.wire.record import TopicPartition

# What a replay needs of a row, and what counts it. Everything else is emptied, also what a later version adds.
KEPT: Final = frozenset(
    {
        *("number", "effect_key", "correlation_id", "sequence", "event_id", "event_type", "topic", "partition"),
        *("offset", "state", "begun", "attempts", "holds", "claim", "decided_kind", "fact_type", "undone_by"),
        *("hold_reason", "blocks_lane", "ordered", "released", "resolved_by", "resolved_by_type"),
        *("created_at", "updated_at"),
    }
)
_EMPTIED: Final = {column.name: None for column in ledger.c if column.name not in KEPT and column.nullable}
_LARGEST: Final = 500  # ids in one statement; databases limit its parameters


@dataclass(frozen=True)
class Found:
    """What a database knows of a key.

    Attributes:
        rows: of the ledger, ended and not.
        open: how many of them have not ended.
        copies: rows of the outbox that were published.
        waiting: rows of the outbox that were not.
        behind: partitions whose events have not all been finished, as far as they were asked for.
        mentions: rows about other keys that name this one.
        matters: the correlation ids of those rows.
    """

    rows: int
    open: int
    copies: int
    waiting: int
    behind: tuple[TopicPartition, ...]
    mentions: int
    matters: frozenset[UUID]


def find(tx: Connection, key: str, last: Mapping[TopicPartition, int]) -> Found:
    """Return what is known of a key.

    Args:
        tx: the transaction.
        key: the record key.
        last: where the last record of this key stands in each partition that the group reads.
    """
    of_key, ended = ledger.c.record_key == key, ledger.c.state.in_(ENDED)
    known = places(tx)
    behind = tuple(at for at, offset in sorted(last.items()) if at in known and known[at].prefix <= offset)
    return Found(
        rows=_count(tx, of_key),
        open=_count(tx, of_key & ~ended),
        copies=published(tx, key),
        waiting=waiting(tx, key),
        behind=behind,
        mentions=_count(tx, ~of_key & or_(_names(ledger.c.fact, key), _names(ledger.c.decided, key))),
        matters=frozenset(map(UUID, tx.execute(select(ledger.c.correlation_id).where(of_key).distinct()).scalars())),
    )


def erase(tx: Connection, key: str, matters: Collection[UUID]) -> int:
    """Erase a key from what has ended, and delete what was published; return how many rows of the ledger it was in.

    Args:
        tx: the transaction.
        key: the record key.
        matters: the correlation ids that `find` returned; what has begun since stays as it is.
    """
    erased, anonymous = 0, {"record_key": f"erased:{uuid4()}"}
    ids = [str(one) for one in matters]
    values: dict[str, Any] = {**_EMPTIED, **anonymous}
    for first in range(0, len(ids), _LARGEST):
        over = ledger.c.correlation_id.in_(ids[first : first + _LARGEST])
        ended = (ledger.c.record_key == key, ledger.c.state.in_(ENDED), over)
        erased += tx.execute(update(ledger).where(*ended).values(values)).rowcount
    forget_published(tx, key)
    return erased


def published(tx: Connection, key: str) -> int:
    """Count the copies of what was published about a key."""
    return _in_outbox(tx, key, outbox.c.published_at.is_not(None))


def waiting(tx: Connection, key: str) -> int:
    """Count what waits to be published about a key."""
    return _in_outbox(tx, key, outbox.c.published_at.is_(None))


def forget_published(tx: Connection, key: str) -> int:
    """Delete the copies of what was published about a key; return how many."""
    published = (outbox.c.key == key.encode(), outbox.c.published_at.is_not(None))
    return tx.execute(delete(outbox).where(*published)).rowcount


def _count(tx: Connection, condition: ColumnElement[bool]) -> int:
    return tx.execute(select(func.count()).select_from(ledger).where(condition)).scalar_one()


def _in_outbox(tx: Connection, key: str, condition: ColumnElement[bool]) -> int:
    of_key = (outbox.c.key == key.encode(), condition)
    return tx.execute(select(func.count()).select_from(outbox).where(*of_key)).scalar_one()


def _names(column: Any, key: str) -> ColumnElement[bool]:  # noqa: ANN401 - a column of texts
    """Whether a JSON text has the key as a value."""
    escaped = to_json(key).decode().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return and_(column.is_not(None), column.like(f"%{escaped}%", escape="\\"))
