"""Events that are lost, come out of nowhere, or overtake."""

from dataclasses import replace

from tests.checker.anomaly import Anomaly, Name
from tests.checker.history import Line, Record, Submission, Waiting
from tests.checker.shop import CANCELLED, FACTS, MAIL, ORDERS, PLACED, Shop, id_of


def told(found: list[Anomaly]) -> list[tuple[Name, tuple[Line, ...]]]:
    return [(one.name, one.witness) for one in found]


def test_an_accepted_submission_that_stands_on_no_topic_is_lost() -> None:
    shop = Shop().order("o1")
    for step in ("submitted", "accepted"):
        shop.lines.append(Submission("p1", step, shop.step(), "customer-p", PLACED))

    assert told(shop.found()) == [(Name.LOST_EVENT, (shop.lines[-1],))]


def test_a_submission_that_was_never_answered_may_have_come_or_not() -> None:
    shop = Shop().order("o1")
    shop.lines.append(Submission("p1", "submitted", shop.step(), "customer-p", PLACED))

    assert shop.found() == []
    shop.order("p1")
    shop.drop(shop.the(Submission, lambda one: one.step == "accepted" and one.key == "customer-p"))
    assert shop.found() == []


def test_a_submission_whose_event_the_sender_does_not_know_is_found_by_case_and_number_or_counted() -> None:
    shop = Shop().order("o1")
    first, accepted = shop.all(Submission)
    by_number = replace(accepted, event_id=None, correlation=id_of("o1"), sequence=1)
    counted = replace(accepted, event_id=None)
    shop.drop(first, accepted)
    wrong = replace(by_number, sequence=7)

    assert shop.found(by_number) == []
    assert shop.found(counted) == []
    assert [one.name for one in shop.found(wrong)] == [Name.LOST_EVENT, Name.GHOST_EVENT]
    more = [counted, replace(counted, id="another")]
    assert told(shop.found(*more)) == [(Name.LOST_EVENT, (more[1],))]


def test_a_row_that_is_left_in_an_outbox_is_lost() -> None:
    shop = Shop((MAIL,)).order("o1")
    fact = shop.the(Record, lambda one: one.topic == FACTS)
    waiting = Waiting(MAIL, 7, FACTS, fact.key, fact.headers["ce_id"])
    history = replace(shop.drop(fact).history(), outbox=(waiting,))

    assert told(shop.checked(history)) == [(Name.LOST_EVENT, (waiting,))]
    assert shop.checked(history, quiet=False) == []


def test_a_fact_that_was_committed_and_stands_nowhere_is_lost() -> None:
    shop = Shop((MAIL,)).order("o1")
    shop.drop(shop.the(Record, lambda one: one.topic == FACTS))

    assert told(shop.found()) == [(Name.LOST_EVENT, (shop.rows(MAIL)[-1],))]


def test_a_record_that_nobody_submitted_is_a_ghost() -> None:
    shop = Shop().order("o1").order("p1")
    shop.drop(*shop.all(Submission, lambda one: one.key == "customer-p"))

    record = shop.the(Record, lambda one: one.key == "customer-p")
    assert told(shop.found()) == [(Name.GHOST_EVENT, (record,))]


def test_a_refused_submission_explains_nothing() -> None:
    shop = Shop().order("o1")
    submitted, accepted = shop.all(Submission)
    shop.drop(accepted)
    refused = replace(accepted, step="refused", event_id=None)
    vague = replace(submitted, event_id=None)
    shop.drop(submitted)

    assert [one.name for one in shop.found(vague, refused)] == [Name.GHOST_EVENT]
    assert shop.found(vague) == []


def test_a_fact_that_answers_nothing_is_a_ghost() -> None:
    shop = Shop().order("o1")
    about = {"id": id_of("ghost"), "subject": id_of("o1"), "sequence": "1"}

    ghost = shop.publish(FACTS, "Mailed", "customer-o", {}, **about, causationid=id_of("nothing"))

    assert told(shop.found()) == [(Name.GHOST_EVENT, (ghost,))]


def test_a_repeat_that_says_something_else_is_a_ghost() -> None:
    shop = Shop((MAIL,)).order("o1")
    first = shop.the(Record)
    repeat = replace(first, offset=1)
    shop.commit(MAIL, 3)

    assert shop.found(repeat) == []
    other = replace(repeat, value={"order": "another"})
    assert told(shop.found(other)) == [(Name.GHOST_EVENT, (first, other))]


def test_a_fact_that_stands_behind_a_later_one_of_its_case_was_overtaken() -> None:
    shop = Shop(groups=())
    cancelled, placed = shop.state(CANCELLED, "o1"), shop.state(PLACED, "o1")

    assert told(shop.found()) == [(Name.OVERTAKEN_EVENT, (cancelled, placed))]


def test_a_late_repeat_of_an_earlier_fact_overtakes_nothing() -> None:
    shop = Shop(groups=())
    placed = shop.state(PLACED, "o1")
    shop.state(CANCELLED, "o1")
    shop.lines.append(replace(placed, offset=shop.ends[ORDERS], at=shop.step()))

    assert shop.found() == []
