"""Bringing the tables of an older version up to date: what is missing is added, nothing is ever changed or removed.

A column can be added to rows that are there only if it may be empty, or says itself (`server_default`) what stands in
the rows from before it.
"""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, inspect
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.schema import CreateColumn, CreateIndex

from choreography.errors import InvalidSettings

_REMEDY: Final = (
    "Give this version a database of its own and rebuild it from the log, or run the version that made this one."
)


def bring_up_to_date(tx: Connection, metadata: MetaData) -> None:
    """Create the tables, columns and indexes that are missing.

    Raises:
        InvalidSettings: with a reason per column that cannot be added, or that this version cannot fill.
    """
    there = inspect(tx)
    old = [table for table in metadata.sorted_tables if there.has_table(table.name)]
    reasons = [reason for table in old for reason in _obstacles(table, there)]
    if reasons:
        raise InvalidSettings(tuple(reasons))
    for table in old:
        for column in _missing(table, there):
            _add(tx, column)
    metadata.create_all(tx)
    for table in old:
        for index in table.indexes:
            tx.execute(CreateIndex(index, if_not_exists=True))  # by name: one over an expression is not reflected


def _missing(table: Table, there: Inspector) -> list[Column[object]]:
    names = {column["name"] for column in there.get_columns(table.name)}
    return [column for column in table.columns if column.name not in names]


def _obstacles(table: Table, there: Inspector) -> list[str]:
    cannot = [one.name for one in _missing(table, there) if not (one.nullable or one.server_default is not None)]
    needed = [
        column["name"]
        for column in there.get_columns(table.name)
        if column["name"] not in table.columns and not column["nullable"] and column.get("default") is None
    ]
    missing = [
        f"DATABASE_URL: the table {table.name} of an older version has no {name}, and nothing says what would stand "
        f"there. {_REMEDY}"
        for name in cannot
    ]
    unknown = [
        f"DATABASE_URL: the table {table.name} of another version demands {name}, which this one does not know. "
        f"{_REMEDY}"
        for name in needed
    ]
    return missing + unknown


def _add(tx: Connection, column: Column[object]) -> None:
    preparer = tx.dialect.identifier_preparer
    definition = CreateColumn(column).compile(dialect=tx.dialect)
    tx.exec_driver_sql(f"ALTER TABLE {preparer.format_table(column.table)} ADD COLUMN {definition}")
