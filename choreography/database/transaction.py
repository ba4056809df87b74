"""What work may ask of the transaction that it runs in."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, func, select

from choreography.database.engine import lock_id

_AFTER: Final = "after_commit"
_TAKE_TURN: Final = select(func.pg_advisory_xact_lock(lock_id("turn")))


def after_commit(tx: Connection, callback: Callable[[], None]) -> None:
    """Have `callback` called once the transaction has committed; not when it is rolled back."""
    tx.info.setdefault(_AFTER, []).append(callback)


def taken_callbacks(tx: Connection) -> list[Callable[[], None]]:
    """Return what is to be called after the commit, and forget it."""
    callbacks: list[Callable[[], None]] = tx.info.pop(_AFTER, [])
    return callbacks


def see_one_moment(tx: Connection) -> None:
    """Have everything that the transaction reads, from its first statement on, be as at one moment.

    SQLite's transactions always see one.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def take_turn(tx: Connection, name: str) -> None:
    """Wait until no other transaction that takes this turn is open, in any process; it lasts until the commit.

    SQLite's transactions always come one after the other.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_TAKE_TURN, {"name": name})
