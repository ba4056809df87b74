"""Resignations that wait for a person; every function works inside a transaction that it is given.

Somebody orders what is to become of them, and EMS does it. What was asked for is kept until then, and not longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Select,
    Table,
    Text,
    Uuid,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from producers.ems.store import metadata

_held: Final = Table(
    "held_requests",
    metadata,
    Column("hold_id", Uuid, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("employee_id", Text, nullable=False),
    Column("body", Text),
    Column("state", Text, nullable=False),
    Column("held_at", Text, nullable=False),
    Column("ended_at", Text),
)
Index("held_requests_state", _held.c.state, _held.c.ended_at)
Index("held_requests_employee", _held.c.employee_id)


_other = _held.alias()
_was_released: Final = _held.c.state == literal_column("'RELEASED'")
# The newest release, where nothing is left that nobody has decided upon; otherwise null.
LAST_RELEASE: Final = (
    select(func.max(_held.c.ended_at))
    .where(_was_released, ~exists().where(_other.c.state == literal_column("'HELD'")))
    .scalar_subquery()
)
# When each was released whose case was opened.
RELEASES: Final = select(_held.c.ended_at.label("at")).where(_was_released).subquery()


class State(StrEnum):
    """What becomes of a resignation that is held."""

    HELD = "HELD"
    TO_RELEASE = "TO_RELEASE"
    TO_REFUSE = "TO_REFUSE"
    RELEASED = "RELEASED"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Held:
    """A resignation that waits.

    Attributes:
        webhook_id: its idempotency key.
        body: what was asked for, as JSON text.
        held_at: since when, UTC.
    """

    hold_id: UUID
    webhook_id: str
    employee_id: str
    body: str
    state: State
    held_at: str


def hold(tx: Connection, held: Held) -> None:
    """Keep a resignation."""
    tx.execute(insert(_held), vars(held))


def waiting(tx: Connection, *states: State) -> Sequence[Held]:
    """Return those that are in one of these states, the oldest first."""
    columns = [_held.c[name] for name in Held.__dataclass_fields__]
    found = tx.execute(select(*columns).where(_held.c.state.in_(states)).order_by(_held.c.held_at, _held.c.hold_id))
    return [Held(**{**row, "state": State(row["state"])}) for row in found.mappings()]


def order(tx: Connection, what: State, hold_ids: Sequence[UUID] | None) -> int:
    """Order what is to become of those that are held, or of these; return of how many."""
    wanted = _held.c.state == State.HELD
    if hold_ids is not None:
        wanted &= _held.c.hold_id.in_(hold_ids)
    return tx.execute(update(_held).where(wanted).values(state=what)).rowcount


def end(tx: Connection, hold_id: UUID, state: State, now: datetime) -> bool:
    """End a hold and forget what was asked for; return whether it had not ended."""
    open_ones = _held.c.state.in_([State.TO_RELEASE, State.TO_REFUSE])
    values = {"state": state, "body": None, "ended_at": now.isoformat()}
    return tx.execute(update(_held).where(_held.c.hold_id == hold_id, open_ones).values(**values)).rowcount > 0


def open_keys() -> Select[tuple[str]]:
    """Return what finds the `webhook_id` of each that has not ended."""
    return select(_held.c.webhook_id).where(_held.c.ended_at.is_(None))


def count_of(tx: Connection, employee_id: str) -> int:
    """Return how many of an employee's wait for a person."""
    asked = select(func.count()).where(_held.c.employee_id == employee_id, _held.c.ended_at.is_(None))
    return int(tx.execute(asked).scalar_one())


def refused_of(tx: Connection, employee_id: str) -> Sequence[str]:
    """Return the `webhook_id` of each of an employee's that was held and then refused."""
    refused = (_held.c.employee_id == employee_id) & (_held.c.state == State.REFUSED)
    return tx.execute(select(_held.c.webhook_id).where(refused)).scalars().all()


def erase(tx: Connection, employee_id: str, anonymous: str) -> None:
    """Have holds that have ended name nobody."""
    over = (_held.c.employee_id == employee_id) & _held.c.ended_at.is_not(None)
    tx.execute(update(_held).where(over).values(employee_id=anonymous))
