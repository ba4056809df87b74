"""Offsets that were committed past what is not finished, or that do not move any more."""

from dataclasses import replace
from typing import Any

import pytest

from tests.checker.anomaly import Name
from tests.checker.expectations import Begin
from tests.checker.history import Commit, Record
from tests.checker.shop import FACTS, MAIL, ORDERS, PLACED, Shop
from tests.checker.test_events import told


def test_an_offset_that_passes_what_runs_still_is_committed_too_far() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "p1")
    for one in (first, second):
        shop.intend(MAIL, one)
    shop.act(MAIL, second)
    shop.finish(MAIL, second)
    shop.commit(MAIL, 2)
    shop.act(MAIL, first)
    shop.finish(MAIL, first)

    done = shop.rows(MAIL)[-1]
    assert told(shop.found()) == [(Name.OFFSET_PAST_UNDONE, (first, done, shop.the(Commit)))]


def test_an_offset_that_passes_only_what_is_finished_is_not() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "p1")
    for one in (first, second):
        shop.intend(MAIL, one)
    shop.act(MAIL, first)
    shop.finish(MAIL, first)
    shop.commit(MAIL, 1)
    shop.act(MAIL, second)
    shop.finish(MAIL, second)
    shop.commit(MAIL, 2)

    assert shop.found() == []


def test_what_was_held_may_be_passed_even_while_it_runs_again() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.lines.append(shop.row(MAIL, record, "HELD", hold_reason="AGE"))
    shop.lines.append(shop.row(MAIL, record, "INTENT", hold_reason="AGE", released=True))
    shop.commit(MAIL, 1)
    shop.act(MAIL, record)
    shop.finish(MAIL, record)

    assert shop.found() == []


def test_a_row_that_was_created_after_the_commit_was_passed() -> None:
    shop = Shop((MAIL,), tells_rows=False)
    record = shop.state(PLACED, "o1")
    shop.commit(MAIL, 1)
    shop.step()
    shop.step()
    shop.act(MAIL, record)
    shop.finish(MAIL, record)

    row = shop.rows(MAIL)[0]
    assert told(shop.found()) == [(Name.OFFSET_PAST_UNDONE, (record, row, shop.the(Commit)))]
    assert shop.found(slack=100) == []
    assert shop.found(begins=(Begin(MAIL, ORDERS, 0, 1),), quiet=False)[0].name == Name.REPLAY_EFFECT


def test_one_anomaly_tells_how_many_records_were_passed() -> None:
    shop = Shop((MAIL,))
    records = [shop.state(PLACED, f"{name}1") for name in "opq"]
    shop.commit(MAIL, 3)

    (found,) = (one for one in shop.found() if one.name == Name.OFFSET_PAST_UNDONE)

    assert found.witness == (records[0], shop.the(Commit))
    assert found.says.endswith("was not finished, and 2 more.")


def test_poison_is_passed_only_when_it_is_held() -> None:
    shop = Shop((MAIL,))
    good = shop.state(PLACED, "o1")
    poison = Record(ORDERS, 0, 1, "customer-o", {}, None, shop.step())
    shop.lines.append(poison)
    shop.intend(MAIL, good)
    shop.act(MAIL, good)
    shop.finish(MAIL, good)
    held = replace(shop.row(MAIL, good, "HELD", hold_reason="FAILED"), offset=1, effect_key="own", event_id="own")
    shop.commit(MAIL, 2)

    assert told(shop.found()) == [(Name.OFFSET_PAST_UNDONE, (poison, shop.the(Commit)))]
    shop.lines.insert(0, replace(held, at=0))
    assert shop.found() == []


def test_a_group_that_does_not_come_to_a_record_is_wedged() -> None:
    shop = Shop((MAIL,)).order("o1")
    stuck = shop.state(PLACED, "p1")

    assert told(shop.found()) == [(Name.WEDGED_PARTITION, (shop.the(Commit), stuck))]
    assert shop.found(quiet=False) == []


def test_a_group_that_never_committed_is_wedged_at_its_beginning() -> None:
    shop = Shop((MAIL,))
    shop.state(PLACED, "o1")
    stuck = shop.state(PLACED, "p1")

    assert told(shop.found(begins=(Begin(MAIL, ORDERS, 0, 1),))) == [(Name.WEDGED_PARTITION, (stuck,))]


def test_a_committed_offset_that_stays_behind_what_is_finished_is_wedged() -> None:
    shop = Shop((MAIL,)).order("o1").order("p1")
    first, second = shop.all(Commit)
    last = shop.all(Record, lambda one: one.topic == ORDERS)[-1]
    shop.drop(second)

    assert told(shop.found()) == [(Name.WEDGED_PARTITION, (first, last))]


def test_a_commit_behind_the_last_record_of_a_partition_with_gaps_is_not_wedged() -> None:
    shop = Shop((MAIL,)).order("o1")
    shop.commit(MAIL, 5)

    assert shop.found() == []


def test_a_record_that_the_group_does_not_react_to_must_be_passed_too() -> None:
    shop = Shop((MAIL,)).order("o1")
    about = {"id": "another", "subject": "another", "sequence": "1"}
    other = shop.publish(ORDERS, "OrderPraised", "customer-o", {}, **about)

    assert told(shop.found()) == [(Name.WEDGED_PARTITION, (shop.the(Commit), other))]


@pytest.mark.parametrize("waits", [{"state": "INTENT"}, {"state": "HELD", "hold_reason": "LATER"}])
def test_a_row_that_nobody_brings_to_its_end_is_wedged(waits: dict[str, Any]) -> None:
    shop = Shop((MAIL,)).order("o1", cancelled=True)
    placed = shop.the(Record)
    rows = [one for one in shop.rows(MAIL) if one.event_id == placed.headers["ce_id"]]
    fact = shop.the(Record, lambda one: one.topic == FACTS)
    left = replace(rows[0], **waits)
    shop.drop(fact, rows[1])

    found = [one for one in told(shop.found(left)) if one[0] == Name.WEDGED_PARTITION]

    assert found == [(Name.WEDGED_PARTITION, (placed, left))]


def test_a_row_that_a_person_released_and_nobody_runs_is_wedged() -> None:
    shop = Shop((MAIL,))
    placed = shop.state(PLACED, "o1")
    held = shop.row(MAIL, placed, "HELD", hold_reason="AGE")
    shop.lines.append(held)
    shop.commit(MAIL, 1)
    released = replace(held, ordered="release")

    assert shop.found(may_be_held=("*",)) == []
    found = told(shop.found(released, may_be_held=("another",)))
    assert (Name.WEDGED_PARTITION, (placed, released)) in found
