from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from choreography.lanes import Delivery, Lanes
from choreography.record import Record, TopicPartition

AT = TopicPartition("shop.orders.v1", 0)


def record(offset: int, key: bytes | None = b"c1", at: TopicPartition = AT) -> Record:
    return Record(at.topic, at.partition, offset, key, b"")


def offsets(deliveries: Iterable[Delivery]) -> list[int]:
    return [delivery.record.offset for delivery in deliveries]


def assigned() -> Lanes:
    lanes = Lanes()
    lanes.on_assign([AT])
    return lanes


def test_records_of_one_key_run_one_after_the_other() -> None:
    lanes = assigned()

    (first,) = lanes.on_records([record(0), record(1)])
    second = lanes.on_done(first)

    assert second is not None
    assert second.record.offset == 1
    assert lanes.on_done(second) is None


def test_records_of_different_keys_run_beside_each_other() -> None:
    lanes = assigned()

    ready = lanes.on_records([record(0, b"c1"), record(1, b"c2"), record(2, None)])

    assert offsets(ready) == [0, 1, 2]


def test_a_position_waits_for_the_slowest_record_before_it() -> None:
    lanes = assigned()
    slow, quick = lanes.on_records([record(0, b"slow"), record(1, b"quick")])

    lanes.on_done(quick)
    before = lanes.take_positions()
    lanes.on_done(slow)

    assert before == {}
    assert lanes.take_positions() == {AT: 2}


def test_gaps_between_offsets_hold_nothing_up() -> None:
    lanes = assigned()
    first, second = lanes.on_records([record(3, b"c1"), record(17, b"c2")])

    lanes.on_done(first)
    lanes.on_done(second)

    assert lanes.take_positions() == {AT: 18}
    assert lanes.take_positions() == {}


def test_what_ends_after_the_partition_went_and_came_back_moves_nothing() -> None:
    lanes = assigned()
    (old,) = lanes.on_records([record(0)])

    lanes.on_revoke([AT])
    lanes.on_assign([AT])
    (new,) = lanes.on_records([record(0)])

    assert not lanes.owns(old)
    assert lanes.on_done(old) is None
    assert lanes.take_positions() == {}
    lanes.on_done(new)
    assert lanes.take_positions() == {AT: 1}


def test_records_of_a_partition_that_was_taken_away_are_dropped() -> None:
    lanes = assigned()
    lanes.on_revoke([AT])

    assert lanes.on_records([record(0)]) == []


def test_what_was_fetched_later_of_the_same_key_can_be_seen() -> None:
    lanes = assigned()
    (first, _) = lanes.on_records([record(0, b"c1"), record(1, b"c2"), record(2, b"c1")])

    assert [later.offset for later in lanes.behind(first)] == [2]


def test_fetching_pauses_when_full_and_resumes_when_half_empty() -> None:
    lanes = Lanes(high_water=4)
    lanes.on_assign([AT])

    ready = lanes.on_records([record(offset, str(offset).encode()) for offset in range(4)])

    assert lanes.should_pause()
    lanes.on_done(ready[0])
    assert lanes.should_pause()
    lanes.on_done(ready[1])
    assert not lanes.should_pause()


def test_a_revoked_partition_counts_no_more_towards_full() -> None:
    lanes = Lanes(high_water=2)
    lanes.on_assign([AT])
    lanes.on_records([record(0), record(1)])

    lanes.on_revoke([AT])

    assert not lanes.should_pause()


@given(
    keys=st.lists(st.sampled_from([b"a", b"b", b"c", None]), min_size=1, max_size=30),
    choices=st.randoms(use_true_random=False),
)
def test_any_schedule_keeps_each_key_in_order_and_ends_at_the_end(keys: list[bytes | None], choices: object) -> None:
    lanes = assigned()
    running = lanes.on_records([record(2 * number, key) for number, key in enumerate(keys)])
    done: list[int] = []

    while running:
        delivery = running.pop(choices.randrange(len(running)))  # type: ignore[attr-defined]  # a random.Random
        done.append(delivery.record.offset)
        following = lanes.on_done(delivery)
        for position in lanes.take_positions().values():
            assert all(offset in done for offset in range(0, position, 2))
        if following:
            running.append(following)

    for key in set(keys):
        of_key = [2 * number for number, one in enumerate(keys) if one == key]
        assert [offset for offset in done if offset in of_key] == of_key
    assert sorted(done) == [2 * number for number in range(len(keys))]
