"""Effects that are lost, doubled, repeated by a replay, or made without having been written down."""

from dataclasses import replace
from typing import Any

import pytest

from tests.checker.anomaly import Name
from tests.checker.expectations import Begin, Target
from tests.checker.history import Action, Commit, Effect, Record
from tests.checker.shop import CANCELLED, CLUB, FACTS, MAIL, ORDERS, PLACED, SHELF, Shop, id_of, key_of
from tests.checker.test_events import told

RESEND: Any = {"targets": (Target("mail", "mail", ambiguity="resend"),)}


@pytest.mark.parametrize("tells_rows", [True, False])
def test_a_run_without_faults_has_no_anomaly(tells_rows: bool) -> None:
    shop = Shop(tells_rows=tells_rows).order("o1").order("p1", cancelled=True).order("q1").order("q2", cancelled=True)

    assert shop.found() == []


def test_an_event_that_the_group_has_passed_and_nothing_came_of_is_a_lost_effect() -> None:
    shop = Shop((MAIL,)).order("o1")
    record, commit = shop.the(Record), shop.the(Commit)
    shop.drop(*shop.rows(MAIL), shop.the(Effect), shop.the(Record, lambda one: one.topic == FACTS))

    found = told(shop.found())

    assert found == [(Name.LOST_EFFECT, (record, commit)), (Name.OFFSET_PAST_UNDONE, (record, commit))]


def test_a_row_that_is_done_and_of_which_the_target_knows_nothing_is_a_lost_effect() -> None:
    shop = Shop((MAIL,)).order("o1").drop()
    shop.drop(shop.the(Effect))

    assert told(shop.found()) == [(Name.LOST_EFFECT, (shop.the(Record), shop.rows(MAIL)[-1]))]


def test_an_effect_that_a_fact_refuses_is_not_lost() -> None:
    shop = Shop((MAIL,)).order("o1")
    fact = shop.the(Record, lambda one: one.topic == FACTS)
    shop.drop(shop.the(Effect), fact)
    refusal = replace(fact, headers={**fact.headers, "ce_type": "shop.CouldNot.v1", "ce_id": id_of("refusal")})
    done = shop.rows(MAIL)[-1]
    shop.drop(done)

    assert shop.found(refusal, replace(done, fact_type=None)) == []


def test_an_event_that_was_undone_in_time_needs_no_effect_and_no_taking_back() -> None:
    shop = Shop((MAIL,))
    placed, cancelled = shop.state(PLACED, "o1"), shop.state(CANCELLED, "o1")
    shop.assign(MAIL)
    shop.lines += [shop.row(MAIL, placed, "SKIPPED"), shop.row(MAIL, cancelled, "SKIPPED")]
    shop.commit(MAIL, 2)

    assert shop.found() == []


def test_told_and_not_told_otherwise_is_a_lost_effect() -> None:
    shop = Shop((MAIL,)).order("o1")
    cancelled = shop.state(CANCELLED, "o1")
    shop.lines.append(shop.row(MAIL, cancelled, "SKIPPED"))
    shop.commit(MAIL, 2)

    assert told(shop.found()) == [(Name.LOST_EFFECT, (cancelled, shop.rows(MAIL)[-1]))]


def test_what_is_held_is_lost_unless_it_may_be_held_or_a_person_gave_it_up() -> None:
    shop = Shop((MAIL,))
    placed = shop.state(PLACED, "o1")
    held = shop.row(MAIL, placed, "HELD", hold_reason="FAILED", blocks_lane=True)
    shop.lines.append(held)
    shop.commit(MAIL, 1)
    dropped = Action(shop.step(), "drop", MAIL, effect_key=held.effect_key)

    assert told(shop.found()) == [(Name.LOST_EFFECT, (placed, held))]
    assert shop.found(may_be_held=(held.event_id,)) == []
    assert shop.found(may_be_held=("*",)) == []
    assert shop.checked(replace(shop.history(), actions=(dropped,))) == []


def test_what_queues_behind_what_may_be_held_is_not_lost() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "o2")
    held = shop.row(MAIL, first, "HELD", hold_reason="FAILED", blocks_lane=True)
    queued = shop.row(MAIL, second, "HELD", hold_reason="QUEUED", blocks_lane=True)
    shop.lines += [held, queued]
    shop.commit(MAIL, 2)

    assert shop.found(may_be_held=(held.event_id,)) == []
    found = told(shop.drop(held).found(may_be_held=(held.event_id,)))
    assert (Name.LOST_EFFECT, (second, queued)) in found


def test_a_group_that_has_braked_owes_nothing() -> None:
    shop = Shop((MAIL,))
    shop.state(PLACED, "o1")

    assert [one.name for one in shop.found()] == [Name.WEDGED_PARTITION]
    assert shop.found(brakes=(MAIL,)) == []


def test_a_mail_that_was_accepted_twice_is_a_duplicate() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.intend(MAIL, record)
    first, second = shop.act(MAIL, record), shop.act(MAIL, record)
    shop.finish(MAIL, record)
    shop.commit(MAIL, 1)

    assert told(shop.found()) == [(Name.DUPLICATE_EFFECT, (first, second))]
    assert shop.drop(second).found() == []


def test_a_mail_that_is_sent_again_must_be_flagged() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.intend(MAIL, record)
    first, second = shop.act(MAIL, record), shop.act(MAIL, record)
    shop.finish(MAIL, record)
    shop.commit(MAIL, 1)
    fact = shop.the(Record, lambda one: one.topic == FACTS)

    assert told(shop.found(**RESEND)) == [(Name.UNFLAGGED_AMBIGUITY, (first, second, fact))]
    shop.drop(fact)
    assert shop.found(replace(fact, value={"perhaps_repeated": True}), **RESEND) == []


def test_a_mail_that_is_sent_again_after_it_was_done_is_a_duplicate_whatever_its_fact_says() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.intend(MAIL, record)
    first = shop.act(MAIL, record)
    shop.finish(MAIL, record, perhaps_repeated=True)
    shop.commit(MAIL, 1)
    second = shop.act(MAIL, record)

    assert told(shop.found(**RESEND)) == [(Name.DUPLICATE_EFFECT, (first, shop.rows(MAIL)[-1], second))]


def test_a_mail_of_an_earlier_attempt_that_was_long_on_its_way_is_the_repetition_that_its_fact_announces() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.intend(MAIL, record)
    shop.act(MAIL, record)
    shop.finish(MAIL, record, perhaps_repeated=True)
    shop.act(MAIL, record)
    shop.commit(MAIL, 1)

    rows = list(shop.history().ledger)
    for row in rows:
        shop.drop(row)
    assert shop.found(*(replace(row, attempts=2) for row in rows), **RESEND) == []


def test_an_object_that_its_own_effect_replaces_by_another_is_a_duplicate() -> None:
    shop = Shop((SHELF,))
    record = shop.state(PLACED, "o1")
    shop.intend(SHELF, record)
    put = shop.act(SHELF, record)
    same = replace(put, before=put.after, at=shop.step())
    other = replace(put, before=put.after, after="other", at=shop.step())
    shop.finish(SHELF, record)
    shop.commit(SHELF, 1)

    assert shop.found(same) == []
    assert told(shop.found(other)) == [(Name.DUPLICATE_EFFECT, (put, other))]


def test_two_objects_of_one_case_at_the_same_time_are_a_duplicate() -> None:
    shop = Shop((SHELF,)).order("o1")
    put = shop.the(Effect)
    second = replace(put, id="second", at=put.at)
    gone = replace(put, kind="delete", before=put.after, after=None, by="other")

    assert told(shop.found(second)) == [(Name.DUPLICATE_EFFECT, (put, second))]
    assert shop.found(gone, second) == []


def test_the_same_members_taken_twice_by_one_effect_are_a_duplicate() -> None:
    shop = Shop((CLUB,))
    record = shop.state(PLACED, "o1")
    key = key_of(record, CLUB)
    shop.intend(CLUB, record)
    taken = replace(shop.act(CLUB, record), effect_key=key)
    shop.drop(shop.the(Effect))
    silver = replace(taken, before=taken.after, after=())
    shop.finish(CLUB, record)
    shop.commit(CLUB, 1)

    assert told(shop.found(taken, taken)) == [(Name.DUPLICATE_EFFECT, (taken, taken))]
    assert Name.DUPLICATE_EFFECT not in [one.name for one in shop.found(taken, silver)]


def test_what_a_reset_repeats_is_a_replay() -> None:
    shop = Shop((MAIL,)).order("o1")
    reset = Commit(MAIL, ORDERS, 0, 0, shop.step(), "operator")
    shop.lines.append(reset)
    again = shop.act(MAIL, shop.the(Record))
    shop.commit(MAIL, 1)

    done = shop.rows(MAIL)[-1]
    assert told(shop.found()) == [(Name.REPLAY_EFFECT, (done, reset, again))]
    assert shop.drop(again).found() == []


def test_a_reset_that_the_operator_tells_is_a_reset_too() -> None:
    shop = Shop((MAIL,)).order("o1")
    reset = Action(shop.step(), "reset", MAIL)
    again = shop.act(MAIL, shop.the(Record))

    found = shop.checked(replace(shop.history(), actions=(reset,)))

    assert told(found) == [(Name.REPLAY_EFFECT, (shop.rows(MAIL)[-1], reset, again))]


def test_what_was_not_finished_before_a_reset_is_done_after_it() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    shop.intend(MAIL, record)
    shop.lines.append(Commit(MAIL, ORDERS, 0, 0, shop.step(), "operator"))
    shop.act(MAIL, record)
    shop.finish(MAIL, record)
    shop.commit(MAIL, 1)

    assert shop.found() == []


def test_an_effect_for_what_stands_before_the_beginning_is_a_replay() -> None:
    shop = Shop((MAIL,)).order("o1")

    found = told(shop.found(begins=(Begin(MAIL, ORDERS, 0, 1),)))

    assert found == [(Name.REPLAY_EFFECT, (shop.the(Record), shop.the(Effect)))]


def test_an_effect_before_its_intent_was_not_written_down() -> None:
    shop = Shop((MAIL,))
    record = shop.state(PLACED, "o1")
    effect = shop.act(MAIL, record)
    shop.intend(MAIL, record)
    shop.finish(MAIL, record)
    shop.commit(MAIL, 1)

    assert told(shop.found()) == [(Name.EFFECT_WITHOUT_INTENT, (effect, shop.rows(MAIL)[0]))]
    assert shop.found(slack=2) == []


def test_an_effect_before_its_row_was_created_was_not_written_down_where_only_the_last_state_is_known() -> None:
    shop = Shop((MAIL,), tells_rows=False).order("o1")
    row, effect = shop.rows(MAIL)[0], shop.the(Effect)
    late = replace(row, created_at=row.at)
    shop.drop(row)

    assert told(shop.found(late)) == [(Name.EFFECT_WITHOUT_INTENT, (effect, late))]
    assert shop.found(row) == []
    lost = Action(shop.step(), "ledger-lost", MAIL)
    assert shop.checked(replace(shop.history(late), actions=(lost,))) == []


def test_an_effect_without_any_row_was_not_written_down() -> None:
    shop = Shop((MAIL,)).order("o1").drop()
    effect = shop.the(Effect)
    shop.drop(*shop.rows(MAIL))

    found = [one for one in told(shop.found()) if one[0] == Name.EFFECT_WITHOUT_INTENT]

    assert found == [(Name.EFFECT_WITHOUT_INTENT, (effect,))]


@pytest.mark.parametrize(
    "wrong", [{"effect_key": id_of("nobody")}, {"kind": "burnt"}, {"effect_key": None, "correlation": id_of("x")}]
)
def test_an_effect_that_belongs_to_no_event_was_not_written_down(wrong: dict[str, Any]) -> None:
    shop = Shop((MAIL,)).order("o1")
    stray = replace(shop.the(Effect), **wrong)

    assert told(shop.found(stray)) == [(Name.EFFECT_WITHOUT_INTENT, (stray,))]


def test_what_others_do_to_a_target_needs_no_intent() -> None:
    shop = Shop((MAIL,)).order("o1")

    assert shop.found(replace(shop.the(Effect), effect_key=None, by="other")) == []


def test_a_fact_without_its_proof_says_that_nothing_happened() -> None:
    shop = Shop((MAIL,)).order("o1")
    fact, done = shop.the(Record, lambda one: one.topic == FACTS), shop.rows(MAIL)[-1]
    proven = {"reactions": tuple(replace(one, proof="message_id") for one in shop.expected.reactions)}
    shop.drop(shop.the(Effect), fact)
    refused = replace(fact, value={"message_id": None})
    claimed = replace(fact, value={"message_id": "<1@example.com>"})

    assert shop.found(refused, **proven) == []
    assert told(shop.found(claimed, **proven)) == [(Name.LOST_EFFECT, (shop.the(Record), done))]


def test_an_effect_that_names_its_event_is_of_no_other() -> None:
    shop = Shop((SHELF,)).order("o1")
    put = shop.the(Effect)
    shop.drop(put)

    assert shop.found(replace(put, sequence=1)) == []
    assert told(shop.found(replace(put, sequence=2)))[0] == (Name.LOST_EFFECT, (shop.the(Record), shop.rows(SHELF)[-1]))
