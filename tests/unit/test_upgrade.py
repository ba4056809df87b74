from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text, false, inspect, text

from choreography.database.database import Database
from choreography.errors import InvalidSettings


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as one:
        one.create(older())
        one.run_sync(lambda tx: tx.execute(text("INSERT INTO ledger (number, state) VALUES (1, 'DONE')")))
        yield one


def older(*columns: Column[object]) -> MetaData:
    metadata = MetaData()
    Table("ledger", metadata, Column("number", Integer, primary_key=True), Column("state", Text), *columns)
    return metadata


def rows(database: Database) -> list[dict[str, object]]:
    found = database.run_sync(lambda tx: tx.execute(text("SELECT * FROM ledger")).mappings().all())
    return [dict(row) for row in found]


def test_a_ledger_that_an_older_version_made_gets_what_it_has_not(database: Database) -> None:
    column: Column[object] = Column("not before", Text)
    newer = older(column, Column("blocks_lane", Boolean, nullable=False, server_default=false()))
    Index("ledger_by_time", column)
    Table("brake", newer, Column("since", Text))

    database.create(newer)
    database.create(newer)

    assert [list(row) for row in rows(database)] == [["number", "state", "not before", "blocks_lane"]]
    assert [tuple(row.values()) for row in rows(database)] == [(1, "DONE", None, False)]
    there = database.run_sync(lambda tx: (inspect(tx).get_table_names(), inspect(tx).get_indexes("ledger")))
    assert set(there[0]) == {"ledger", "brake"}
    assert [index["name"] for index in there[1]] == ["ledger_by_time"]


def test_a_column_that_nothing_could_stand_in_is_refused_and_nothing_is_changed(database: Database) -> None:
    newer = older(Column("hold_reason", Text), Column("claim", Integer, nullable=False))

    with pytest.raises(InvalidSettings, match="no claim, and nothing says what would stand there"):
        database.create(newer)

    assert list(rows(database)[0]) == ["number", "state"]


def test_a_ledger_of_a_newer_version_that_this_one_cannot_fill_is_refused(database: Database) -> None:
    database.create(older(Column("blocks_lane", Boolean, nullable=False, server_default=false())))
    database.create(older())

    database.run_sync(lambda tx: tx.execute(text("DROP TABLE ledger")))
    database.create(older(Column("lease", Integer, nullable=False)))
    with pytest.raises(InvalidSettings, match="demands lease, which this one does not know"):
        database.create(older())
