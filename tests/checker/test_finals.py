"""How the targets look when all is over."""

from dataclasses import replace

from tests.checker.anomaly import Name
from tests.checker.expectations import Final
from tests.checker.history import Effect, Record
from tests.checker.shop import CANCELLED, CLUB, FACTS, MAIL, ORDERS, PLACED, SHELF, Shop
from tests.checker.test_events import told


def test_an_object_that_stands_though_its_case_was_undone_is_wrong() -> None:
    shop = Shop((SHELF,)).order("o1", cancelled=True)
    put, delete = shop.all(Effect)
    cancelled = shop.all(Record, lambda one: one.topic == ORDERS)[-1]
    shop.drop(delete)

    found = told(shop.found())

    assert (Name.WRONG_FINAL_STATE, (cancelled, put)) in found
    assert shop.found(delete) == []


def test_an_object_that_is_gone_though_its_case_stands_is_wrong() -> None:
    shop = Shop((SHELF,)).order("o1")
    put = shop.the(Effect)
    gone = replace(put, kind="delete", before=put.after, after=None, by="other")

    assert told(shop.found(gone)) == [(Name.WRONG_FINAL_STATE, (shop.the(Record), gone))]
    assert shop.found(gone, quiet=False) == []


def test_an_object_that_could_not_be_put_need_not_stand() -> None:
    shop = Shop((SHELF,)).order("o1")
    fact = shop.the(Record, lambda one: one.topic == FACTS)
    refusal = replace(fact, headers={**fact.headers, "ce_type": "shop.CouldNot.v1", "ce_id": "refusal"})
    done = shop.rows(SHELF)[-1]
    shop.drop(shop.the(Effect), fact, done)

    assert shop.found(refusal, replace(done, fact_type=None)) == []


def test_what_was_taken_and_not_given_back_is_wrong() -> None:
    shop = Shop((CLUB,)).order("o1", cancelled=True)
    taken, given = shop.all(Effect)
    cancelled = shop.all(Record, lambda one: one.topic == ORDERS)[-1]
    shop.drop(given)

    assert told(shop.found()) == [(Name.WRONG_FINAL_STATE, (cancelled, taken))]


def test_what_is_given_back_in_another_order_is_right() -> None:
    shop = Shop((CLUB,)).order("o1", cancelled=True)
    given = shop.all(Effect)[1]
    shop.drop(given)

    assert shop.found(replace(given, after=tuple(reversed(given.after)))) == []
    more = replace(given, after=(*given.after, "bronze"))
    assert [one.says for one in shop.found(more)] == [
        "customer-o at club must have back what differs: bronze.",
    ]


def test_what_must_be_taken_and_stands_is_wrong() -> None:
    shop = Shop((CLUB,)).order("o1")
    taken = shop.the(Effect)
    untouched = replace(taken, after=taken.before, by="other")
    shop.drop(taken)

    assert told(shop.found(untouched)) == [(Name.WRONG_FINAL_STATE, (shop.the(Record), untouched))]


def test_what_another_open_case_takes_is_not_given_back() -> None:
    shop = Shop((CLUB,)).order("o1").order("o2", cancelled=True)
    first, second, third = shop.all(Effect)

    assert shop.found() == []
    too_early = replace(third, after=first.before)
    shop.drop(third)
    placed = shop.the(Record)
    assert told(shop.found(too_early)) == [(Name.WRONG_FINAL_STATE, (placed, first, too_early))]
    assert second.before == second.after


def test_what_others_changed_meanwhile_belongs_to_what_was_there() -> None:
    shop = Shop((CLUB,)).order("o1")
    joined = replace(shop.the(Effect), before=("silver",), after=("silver", "bronze"), by="other", at=shop.step())
    shop.lines.append(joined)
    shop.clubs["customer-o"] = ("silver", "bronze")
    shop.handle(shop.state(CANCELLED, "o1"))
    given = shop.all(Effect)[-1]
    shop.drop(given)

    assert shop.found(replace(given, after=("gold", "silver", "bronze"))) == []
    assert [one.name for one in shop.found(given)] == [Name.WRONG_FINAL_STATE]


def test_a_set_of_which_everything_is_taken_is_empty() -> None:
    shop = Shop((CLUB,)).order("o1")
    everything = (Final("club", (PLACED,), (CANCELLED,)),)
    taken = shop.the(Effect)

    assert [one.name for one in shop.found(finals=everything)] == [Name.WRONG_FINAL_STATE]
    shop.drop(taken)
    assert shop.found(replace(taken, after=()), finals=everything) == []


def test_a_set_of_somebody_whose_case_is_held_by_design_says_nothing() -> None:
    shop = Shop((CLUB,))
    placed = shop.state(PLACED, "o1")
    shop.lines.append(
        Effect("club", 0, "set", "customer-o", key="customer-o", before=["gold"], after=["gold"], by="other")
    )
    held = shop.row(CLUB, placed, "HELD", hold_reason="FAILED")
    shop.lines.append(held)
    shop.commit(CLUB, 1)

    assert shop.found(may_be_held=(held.event_id,)) == []


def test_told_otherwise_without_having_been_told_is_wrong() -> None:
    shop = Shop((MAIL,))
    placed, cancelled = shop.state(PLACED, "o1"), shop.state(CANCELLED, "o1")
    shop.lines.append(shop.row(MAIL, placed, "SKIPPED"))
    shop.intend(MAIL, cancelled)
    otherwise = shop.act(MAIL, cancelled)
    shop.finish(MAIL, cancelled)
    shop.commit(MAIL, 2)

    assert told(shop.found()) == [(Name.WRONG_FINAL_STATE, (cancelled, otherwise))]


def test_told_and_told_otherwise_is_right() -> None:
    assert Shop((MAIL,)).order("o1", cancelled=True).found() == []
