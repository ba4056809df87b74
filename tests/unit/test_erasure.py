"""A person is erased from a ledger: no byte is left, nothing is repeated, and what others need is still there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text

from choreography import Database
from choreography.database.secure_delete import scrub
from choreography.ledger import erasure
from choreography.ledger.erasure import KEPT, erase, find
from choreography.ledger.positions import metadata as position_tables
from choreography.ledger.positions import write_begin_positions, write_finished
from choreography.ledger.table import State, ledger
from choreography.ledger.table import metadata as ledger_tables
from choreography.outbox.outbox import metadata as outbox_tables
from choreography.outbox.outbox import outbox
from choreography.wire.record import TopicPartition
from tests.canaries import Canaries
from tests.shop.rows import WHEN, write_row

GONE, OTHER = "E-4711-to-be-erased", "E-4712-stays"
FIRST, SECOND = TopicPartition("shop.orders.v1", 0), TopicPartition("shop.orders.v1", 1)
ENDED: dict[str, Any] = {"state": State.DONE, "raw_value": None, "raw_headers": None, "blocks_lane": False}


class Store:
    """A ledger in which two people stand."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, key: str, **values: Any) -> UUID:
        said = f'{{"employee_id": "{key}", "manager_id": "{values.pop("manager", "E-1")}"}}'
        all_of_it = {"record_key": key, "raw_key": key.encode(), "decided": said, "fact": said, "fact_type": "a.Fact"}
        return self.database.run_sync(lambda tx: write_row(tx, **{**all_of_it, "hold_detail": None, **values}))

    def outbox(self, key: str, published_at: str | None = WHEN) -> None:
        row = {"topic": "t", "key": key.encode(), "value": b"v", "headers": "{}", "created_at": WHEN}
        self.database.run_sync(lambda tx: tx.execute(insert(outbox), {**row, "published_at": published_at}))

    def find(self, key: str = GONE, last: dict[TopicPartition, int] | None = None) -> erasure.Found:
        return self.database.run_sync(lambda tx: find(tx, key, last or {}))

    def erase(self, key: str = GONE) -> int:
        matters = self.find(key).matters
        return self.database.run_sync(lambda tx: erase(tx, key, matters))

    def row(self, effect: UUID) -> dict[str, Any]:
        one = select(ledger).where(ledger.c.effect_key == str(effect))
        return dict(self.database.run_sync(lambda tx: tx.execute(one).mappings().one()))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    database = Database(database_url)
    database.create(ledger_tables, outbox_tables, position_tables)
    yield Store(database)
    database.close()


def test_a_row_is_still_done_under_its_effect_key_and_says_nothing_of_the_person(store: Store) -> None:
    effect = store.write(GONE, **ENDED)
    before = store.row(effect)

    assert store.erase() == 1

    after = store.row(effect)
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
    assert {name for name in after.keys() - KEPT if after[name] is not None} == {"record_key"}
    assert after["record_key"].startswith("erased:")
    assert (store.find().rows, store.erase()) == (0, 0)


def test_of_a_column_that_comes_later_somebody_decides_whether_it_is_kept() -> None:
    assert {column.name for column in ledger.c if not column.nullable} <= KEPT | {"record_key"}
    assert {column.name for column in ledger.c} >= KEPT


def test_two_people_who_were_erased_cannot_be_told_to_be_one(store: Store) -> None:
    effects = store.write(GONE, **ENDED), store.write(OTHER, **ENDED)

    store.erase(GONE)
    store.erase(OTHER)

    assert len({store.row(effect)["record_key"] for effect in effects}) == 2


def test_others_are_left_alone_and_those_who_name_the_person_are_counted(store: Store) -> None:
    other, named = store.write(OTHER, **ENDED), store.write(OTHER, manager=GONE, **ENDED)
    before = store.row(other), store.row(named)
    store.write(GONE, **ENDED)
    store.write(f"{GONE}-too", **ENDED)

    assert store.find().mentions == 1
    store.erase()

    assert (store.row(other), store.row(named)) == before
    assert store.find(OTHER).rows == 2


def test_what_waits_or_has_begun_since_is_not_touched(store: Store) -> None:
    held = store.write(GONE)
    store.write(GONE, **ENDED)
    assert (store.find().rows, store.find().open) == (2, 1)
    matters = store.find().matters
    since = store.write(GONE, **ENDED)

    assert store.database.run_sync(lambda tx: erase(tx, GONE, matters)) == 1

    assert [store.row(one)["record_key"] for one in (held, since)] == [GONE, GONE]


def test_copies_of_what_was_published_go_and_what_waits_to_be_published_stays(store: Store) -> None:
    for key in (GONE, OTHER):
        store.outbox(key)
    store.outbox(GONE, published_at=None)
    assert (store.find().copies, store.find().waiting) == (1, 1)

    store.erase()

    left = store.database.run_sync(lambda tx: tx.execute(select(outbox.c.key, outbox.c.published_at)).all())
    assert {(bytes(key), at) for key, at in left} == {(OTHER.encode(), WHEN), (GONE.encode(), None)}


def test_a_group_that_has_not_finished_what_was_stated_about_the_person_is_behind(store: Store) -> None:
    store.database.run_sync(lambda tx: write_begin_positions(tx, {FIRST: 3, SECOND: 9}))
    store.database.run_sync(lambda tx: write_finished(tx, {FIRST: 17}))

    assert store.find(last={FIRST: 16, SECOND: 8}).behind == ()
    assert store.find(last={FIRST: 17, SECOND: 9}).behind == (FIRST, SECOND)
    assert store.find(last={TopicPartition("another.v1", 0): 5}).behind == ()


def test_no_byte_of_the_person_is_left_in_the_files_while_a_service_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'group.db'}"
    database = Database(url)
    store = Store(database)
    database.create(ledger_tables, outbox_tables, position_tables)
    database.run_sync(lambda tx: tx.exec_driver_sql("PRAGMA secure_delete=OFF"))
    for _ in range(50):
        store.write(GONE, **ENDED)
        store.outbox(GONE)
    effect = store.write(GONE)
    finished = ledger.update().where(ledger.c.effect_key == str(effect)).values(**ENDED)
    database.run_sync(lambda tx: tx.execute(finished))
    canaries = Canaries([GONE])
    assert canaries.found_below(tmp_path) != {}

    store.erase()
    assert canaries.found_below(tmp_path) != {}  # erasing alone leaves them where they were
    scrub(url)

    assert canaries.found_below(tmp_path) == {}
    store.write(OTHER, **ENDED)
    assert store.find(OTHER).rows == 1
    database.close()
    assert canaries.found_below(tmp_path) == {}


def test_postgresql_keeps_no_row_that_names_the_person_and_goes_on(postgres: str) -> None:
    database = Database(postgres)
    store = Store(database)
    database.create(ledger_tables, outbox_tables, position_tables)
    store.write(GONE, **ENDED)
    store.outbox(GONE)

    store.erase()
    scrub(postgres)

    tables = [
        *database.run_sync(lambda tx: tx.execute(text("SELECT CAST(ledger AS text) FROM ledger")).scalars().all()),
        *database.run_sync(lambda tx: tx.execute(text("SELECT CAST(outbox AS text) FROM outbox")).scalars().all()),
    ]
    vacuumed = "SELECT count(last_vacuum) FROM pg_stat_user_tables WHERE relname IN ('ledger', 'outbox')"
    assert len(tables) == 1
    assert GONE not in tables[0]
    assert GONE.encode().hex() not in tables[0]
    assert database.run_sync(lambda tx: tx.execute(text(vacuumed)).scalar_one()) == 2
    database.close()


def test_a_matter_is_found_by_its_id(store: Store) -> None:
    matter = uuid4()
    store.write(GONE, correlation_id=str(matter), **ENDED)

    assert store.find().matters == {matter}
