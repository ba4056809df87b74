"""A connection that does not take SQLAlchemy's long way for statements that it has seen before.

A history runs a hundred and more statements, and nearly all of them were built once, at import. Each is compiled once
and then handed to the driver, parameters and all. What is built anew each time goes the long way.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Self
from weakref import ref

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

Parameters = Mapping[str, Any]


class QuickConnection:
    """As much of a `Connection` as the kit uses.

    Args:
        slow: the real one.
        driver: what it stands on.
    """

    def __init__(self, slow: Connection, driver: sqlite3.Connection) -> None:
        self.info: dict[Any, Any] = slow.info
        self.dialect: Final[Dialect] = slow.dialect
        self._slow = slow
        self._driver = driver
        self._known: dict[int, tuple[Any, dict[object, _Statement]]] = {}

    def begin_nested(self) -> AbstractContextManager[Any]:
        return self._slow.begin_nested()

    def execute(self, statement: Any, parameters: Any = None, **_: Any) -> Any:
        """Run a statement; one that was seen before without any ado."""
        seen = self._known.get(id(statement))
        if seen is None or seen[0]() is not statement:
            self._known[id(statement)] = (ref(statement), {})
            return self._slow.execute(statement, parameters)
        given = parameters or {}
        one = given[0] if isinstance(given, list) else given
        shape = tuple((name, len(value) if isinstance(value, list) else -1) for name, value in one.items())
        known = seen[1].get(shape)
        if known is None:
            known = seen[1][shape] = _Statement(statement, one, self.dialect)
        if isinstance(given, list):
            return _Rows(known, self._driver.executemany(known.text, [known.bound(each) for each in given]))
        return _Rows(known, self._driver.execute(known.text, known.bound(given)))


class _Statement:
    """A statement as the driver takes it, for parameters of one shape."""

    def __init__(self, statement: Any, one: Parameters, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(one))
        expanded = compiled.construct_expanded_state(dict(one))
        self.text: str = expanded.statement
        self._names: Sequence[str] = expanded.positiontup or ()
        self._constants: dict[str, Any] = {
            name: value for name, value in expanded.parameters.items() if name not in one and not _is_of(name, one)
        }
        self._of_lists = {name: _is_of(name, one) for name in self._names if _is_of(name, one)}
        self._row: Any = None

    def bound(self, one: Parameters) -> list[Any]:
        return [self._value(name, one) for name in self._names]

    def row(self, cursor: sqlite3.Cursor) -> Any:
        if self._row is None:
            self._row = _row_of(tuple(column[0] for column in cursor.description))
        return self._row

    def _value(self, name: str, one: Parameters) -> Any:
        if name in one:
            return one[name]
        of_list = self._of_lists.get(name)
        return one[of_list[0]][of_list[1]] if of_list else self._constants[name]


def _row_of(names: tuple[str, ...]) -> Any:
    make: Any = namedtuple  # noqa: PYI024 - the names are known at run time only
    return make("Row", names)


def _is_of(name: str, one: Parameters) -> tuple[str, int] | None:
    """Return which element of a list a parameter like `keys_1` stands for."""
    stem, _, number = name.rpartition("_")
    is_element = number.isdigit() and isinstance(one.get(stem), list)
    return (stem, int(number) - 1) if is_element else None


class _Rows:
    """As much of a `Result` as the kit uses."""

    def __init__(self, statement: _Statement, cursor: sqlite3.Cursor) -> None:
        self._statement = statement
        self._cursor = cursor
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        self.inserted_primary_key = (cursor.lastrowid,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def all(self) -> list[Any]:
        found = self._cursor.fetchall()
        return [self._statement.row(self._cursor)._make(one) for one in found] if found else []

    def first(self) -> Any:
        found = self.all()
        return found[0] if found else None

    def one_or_none(self) -> Any:
        found = self.all()
        assert len(found) < 2
        return found[0] if found else None

    def one(self) -> Any:
        (found,) = self.all()
        return found

    def scalar_one_or_none(self) -> Any:
        found = self._cursor.fetchall()
        assert len(found) < 2
        return found[0][0] if found else None

    def scalar_one(self) -> Any:
        ((found,),) = self._cursor.fetchall()
        return found

    def scalars(self) -> list[Any]:
        return [one[0] for one in self._cursor.fetchall()]

    def mappings(self) -> "_Mappings":
        return _Mappings(self._cursor)


class _Mappings(list[dict[str, Any]]):
    """Rows as dictionaries."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        names = [column[0] for column in cursor.description]
        super().__init__(dict(zip(names, one, strict=True)) for one in cursor.fetchall())

    def all(self) -> "list[dict[str, Any]]":
        return self

    def one_or_none(self) -> dict[str, Any] | None:
        assert len(self) < 2
        return self[0] if self else None
