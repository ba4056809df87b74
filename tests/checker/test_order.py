"""Effects that came too late to be right, or before what had to come first."""

from dataclasses import replace

from tests.checker.anomaly import Name
from tests.checker.history import Assignment, Effect, Record, Row
from tests.checker.shop import CANCELLED, CLUB, FACTS, MAIL, PLACED, SHELF, Shop
from tests.checker.test_events import told


def undone(shop: Shop, group: str) -> tuple[Record, Record]:
    """An order and its cancellation stand on the topic before the group is given the partition."""
    placed, cancelled = shop.state(PLACED, "o1"), shop.state(CANCELLED, "o1")
    shop.assign(group)
    return placed, cancelled


def test_acting_on_what_the_backlog_undoes_is_stale() -> None:
    shop = Shop((MAIL,))
    placed, cancelled = undone(shop, MAIL)
    for one in (placed, cancelled):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    witness = (placed, cancelled, shop.the(Assignment), shop.the(Effect))
    assert told(shop.found()) == [(Name.STALE_EFFECT, witness)]


def test_acting_on_what_is_undone_only_later_is_not_stale() -> None:
    shop = Shop((MAIL,))
    placed = shop.state(PLACED, "o1")
    shop.assign(MAIL)
    cancelled = shop.state(CANCELLED, "o1")
    for one in (placed, cancelled):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    assert shop.found() == []
    assert [one.name for one in shop.found(seen_after=100)] == []
    assert [one.name for one in shop.found(seen_after=0)] == [Name.STALE_EFFECT]


def test_what_was_begun_before_it_was_undone_is_brought_to_its_end() -> None:
    shop = Shop((MAIL,))
    placed = shop.state(PLACED, "o1")
    shop.intend(MAIL, placed)
    cancelled = shop.state(CANCELLED, "o1")
    shop.assign(MAIL)
    for one in (placed, cancelled):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    assert shop.found() == []


def test_where_the_target_cannot_tell_a_fact_shows_that_something_undone_was_done() -> None:
    shop = Shop((CLUB,))
    placed, cancelled = undone(shop, CLUB)
    for one in (placed, cancelled):
        shop.intend(CLUB, one)
        shop.act(CLUB, one)
        shop.finish(CLUB, one)
    shop.commit(CLUB, 2)

    fact = shop.the(Record, lambda one: one.topic == FACTS)
    assert told(shop.found()) == [(Name.STALE_EFFECT, (placed, cancelled, shop.the(Assignment), fact))]


def test_an_effect_after_its_undoing_was_finished_is_stale() -> None:
    shop = Shop((SHELF,)).order("o1", cancelled=True)
    placed, cancelled = shop.all(Record, lambda one: one.topic != FACTS)
    zombie = shop.act(SHELF, placed)

    found = told(shop.found())

    done = shop.the(Row, lambda one: one.event_id == cancelled.headers["ce_id"] and one.state == "DONE")
    assert (Name.STALE_EFFECT, (cancelled, done, zombie)) in found
    assert (Name.WRONG_FINAL_STATE, (cancelled, zombie)) in found
    assert shop.drop(zombie).found() == []


def test_a_mail_after_the_cancellation_was_found_to_need_none_is_stale() -> None:
    shop = Shop((MAIL,))
    placed, cancelled = shop.state(PLACED, "o1"), shop.state(CANCELLED, "o1")
    shop.lines.append(shop.row(MAIL, cancelled, "SKIPPED"))
    shop.lines.append(shop.row(MAIL, placed, "INTENT"))
    mail = shop.act(MAIL, placed)

    found = told(shop.found(quiet=False))

    skipped = shop.the(Row)
    assert (Name.STALE_EFFECT, (cancelled, skipped, mail)) in found


def test_an_effect_before_its_event_is_early() -> None:
    shop = Shop((MAIL,)).order("o1")
    effect, placed = shop.the(Effect), shop.the(Record)
    early = replace(effect, at=(placed.at or 0) - 1)
    intent = replace(shop.rows(MAIL)[0], at=0, created_at=0)
    shop.drop(effect, shop.rows(MAIL)[0])
    shop.lines.insert(0, intent)

    assert told(shop.found(early)) == [(Name.EARLY_EFFECT, (early, placed))]
    assert shop.found(replace(early, at=placed.at)) == []


def test_an_effect_before_that_of_an_earlier_event_of_its_lane_is_early() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "o2")
    for one in (second, first):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    of_second, of_first = shop.all(Effect)
    assert told(shop.found()) == [(Name.EARLY_EFFECT, (first, second, of_second, of_first))]


def test_effects_of_different_keys_have_no_order() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "p1")
    for one in (second, first):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    assert shop.found() == []


def test_what_was_held_beside_its_lane_may_come_later() -> None:
    shop = Shop((MAIL,))
    first, second = shop.state(PLACED, "o1"), shop.state(PLACED, "o2")
    held = shop.row(MAIL, first, "HELD", hold_reason="AGE")
    shop.lines.append(held)
    for one in (second, first):
        shop.intend(MAIL, one)
        shop.act(MAIL, one)
        shop.finish(MAIL, one)
    shop.commit(MAIL, 2)

    assert shop.found() == []
    in_its_lane = replace(held, hold_reason="FAILED", blocks_lane=True)
    shop.lines = [in_its_lane if one is held else one for one in shop.lines]
    assert [one.name for one in shop.found()] == [Name.EARLY_EFFECT]
