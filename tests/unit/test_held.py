"""What is held, and the marks that a person makes, on a real database."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from choreography import Database
from choreography.ledger.held import Marked, Which, held, held_by_reason, order, reaction
from choreography.ledger.table import Order, State, ledger, metadata
from choreography.records import HoldReason
from tests.shop.rows import write_row


class Store:
    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, **values: Any) -> UUID:
        return self.database.run_sync(lambda tx: write_row(tx, **values))

    def held(self, **which: Any) -> list[UUID]:
        return [one.effect_key for one in self.database.run_sync(lambda tx: held(tx, Which(**which)))]

    def order(self, what: Order, *, dry_run: bool = False, **which: Any) -> Marked:
        return self.database.run_sync(lambda tx: order(tx, Which(**which), what, dry_run=dry_run))

    def mark(self, effect: UUID) -> tuple[str, str | None]:
        query = select(ledger.c.state, ledger.c.ordered).where(ledger.c.effect_key == str(effect))
        row = self.database.run_sync(lambda tx: tx.execute(query).one())
        return row.state, row.ordered


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    database = Database(database_url)
    database.create(metadata)
    yield Store(database)
    database.close()


def test_only_what_is_held_is_shown_in_the_order_of_its_places(store: Store) -> None:
    late, early = store.write(offset=9), store.write(offset=3)
    for state in (State.DONE, State.SKIPPED, State.INTENT):
        store.write(state=state)

    assert store.held() == [early, late]


def test_it_is_found_by_reason_key_case_and_effect(store: Store) -> None:
    case = uuid4()
    failed = store.write(record_key="c1", correlation_id=str(case))
    aged = store.write(record_key="c2", hold_reason=HoldReason.AGE)

    assert store.held(reasons=[HoldReason.AGE]) == [aged]
    assert store.held(reasons=[HoldReason.AGE, HoldReason.FAILED]) == [failed, aged]
    assert store.held(key="c1") == [failed]
    assert store.held(correlation=case) == [failed]
    assert store.held(effects=[aged]) == [aged]
    assert store.held(key="c1", reasons=[HoldReason.AGE]) == []
    counted = store.database.run_sync(held_by_reason)
    assert counted == {"FAILED": 1, "AGE": 1}


def test_it_is_counted_what_queues_in_the_same_lane_behind_what_blocks_it(store: Store) -> None:
    queued = {"hold_reason": HoldReason.QUEUED, "begun": False}
    store.write(offset=5)
    store.write(offset=3, **queued)
    store.write(offset=6, **queued)
    store.write(offset=9, **queued)
    store.write(offset=10, raw_key=b"c2", **queued)
    store.write(offset=11, partition=1, **queued)

    found = store.database.run_sync(lambda tx: held(tx, Which(reasons=[HoldReason.FAILED])))

    assert [one.queued for one in found] == [2]


def test_an_order_is_a_mark_and_changes_nothing_else(store: Store) -> None:
    one, other = store.write(), store.write()
    before = store.database.run_sync(lambda tx: reaction(tx, one))

    done = store.order(Order.RELEASE, effects=[one])

    after = store.database.run_sync(lambda tx: reaction(tx, one))
    assert before is not None
    assert after is not None
    assert dict(after) == dict(before) | {"ordered": "release"}
    assert [row.effect_key for row in done.marked] == [one]
    assert store.mark(other) == ("HELD", None)


def test_a_dry_run_says_what_would_be_marked_and_marks_nothing(store: Store) -> None:
    one = store.write()

    done = store.order(Order.DROP, dry_run=True)

    assert [row.effect_key for row in done.marked] == [one]
    assert store.mark(one) == ("HELD", None)


def test_a_mark_that_stands_is_never_overwritten(store: Store) -> None:
    undone, dropped = store.write(ordered="resolve"), store.write(ordered="drop")

    done = store.order(Order.RELEASE)

    assert {row.effect_key for row in done.already} == {undone, dropped}
    assert done.marked == []
    assert (store.mark(undone), store.mark(dropped)) == (("HELD", "resolve"), ("HELD", "drop"))


@pytest.mark.parametrize("state", [State.DONE, State.SKIPPED, State.INTENT])
def test_what_is_not_held_any_more_is_refused_together_with_all_that_was_named(store: Store, state: State) -> None:
    gone, still, unknown = store.write(state=state), store.write(), uuid4()

    done = store.order(Order.RELEASE, effects=[gone, still, unknown])

    assert done.refused
    assert done.missing == {gone: state, unknown: None}
    assert store.mark(still) == ("HELD", None)


def test_what_queues_is_not_released_by_itself_but_can_be_dropped(store: Store) -> None:
    blocking, queued = store.write(offset=3), store.write(offset=4, hold_reason=HoldReason.QUEUED)

    named = store.order(Order.RELEASE, effects=[queued])
    every = store.order(Order.RELEASE)
    dropped = store.order(Order.DROP, effects=[queued])

    assert named.refused
    assert [row.effect_key for row in every.marked] == [blocking]
    assert [row.effect_key for row in every.queued] == [queued]
    assert not dropped.refused
    assert store.mark(queued) == ("HELD", "drop")


def test_saying_the_same_twice_is_saying_it_once(store: Store) -> None:
    one = store.write()

    store.order(Order.DROP, effects=[one])
    again = store.order(Order.DROP, effects=[one])

    assert not again.refused
    assert [row.effect_key for row in again.already] == [one]


def test_thousands_are_ordered_at_once(store: Store) -> None:
    store.database.run_sync(lambda tx: [write_row(tx, offset=number) for number in range(1_200)])

    done = store.order(Order.RELEASE)

    marked = select(ledger.c.number).where(ledger.c.ordered == "release")
    assert len(done.marked) == 1_200
    assert len(store.database.run_sync(lambda tx: tx.execute(marked).all())) == 1_200
