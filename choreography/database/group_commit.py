"""Group commit: what many callers want at the same moment, in one transaction.

Each has a savepoint of its own: one that raises undoes only itself. Work that says which errors it raises before it has
written anything needs none for these, which saves two statements of seven. Where no savepoint protects (the disk is
full, a deadlock was ended, another error of such work), the whole transaction is gone, and each is done again for
itself.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from choreography.database.transaction import taken_callbacks

log = structlog.stdlib.get_logger(__name__)

TRIES: Final = 5  # of a transaction that PostgreSQL ended in favour of another one
_CONFLICTS: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock

Errors = tuple[type[Exception], ...]
Callbacks = list[Callable[[], None]]


class Work(NamedTuple):
    """What somebody wants done; `refusals` are what it raises before it has written anything."""

    do: Callable[[Connection], Any]
    refusals: Errors = ()


class Raised(NamedTuple):
    """What work raised, in place of its result."""

    error: BaseException


class _GroupBroken(Exception):  # noqa: N818 - a signal
    """A job failed in a way that may have ended the transaction that it shares."""


def commit(engine: Engine, group: Sequence[Work]) -> list[Any]:
    """Do all of a group; return for each its result, or `Raised`, once it is committed or undone."""
    callbacks: Callbacks = []
    try:
        results = _repeated(engine, group, callbacks)
    except _GroupBroken:
        return [result for work in group for result in commit(engine, [work])]
    except BaseException as error:  # noqa: BLE001 - whoever waits is told, the thread goes on
        return [Raised(error)] * len(group)
    for callback in callbacks:
        _call(callback)
    return results


def _repeated(engine: Engine, group: Sequence[Work], callbacks: Callbacks) -> list[Any]:
    for _ in range(TRIES - 1):
        try:
            return _once(engine, group, callbacks)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                raise
            callbacks.clear()
    return _once(engine, group, callbacks)


def _once(engine: Engine, group: Sequence[Work], callbacks: Callbacks) -> list[Any]:
    with engine.connect() as connection, connection.begin():
        taken_callbacks(connection)
        if len(group) > 1:
            return [_in_group(connection, work, callbacks) for work in group]
        result = group[0].do(connection)
        callbacks += taken_callbacks(connection)
        return [result]


def _in_group(connection: Connection, work: Work, callbacks: Callbacks) -> Any:  # noqa: ANN401 - of any work
    """Do one job of a group; return its result, or what it raised.

    Raises:
        _GroupBroken: nothing protects the others: the database itself failed (disk full, input/output), or there is no
            savepoint.
        DBAPIError: the connection is lost, for everybody.
    """
    taken_callbacks(connection)
    try:
        with nullcontext() if work.refusals else connection.begin_nested():
            result = work.do(connection)
    except BaseException as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        if isinstance(error, work.refusals) if work.refusals else _is_undone(error):
            return Raised(error)
        raise _GroupBroken from error
    callbacks += taken_callbacks(connection)
    return result


def _is_undone(error: BaseException) -> bool:
    """Whether going back to the savepoint has undone all that led to this."""
    return isinstance(error, IntegrityError) or not isinstance(error, DBAPIError)


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        log.exception("callback.failed")
