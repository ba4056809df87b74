from random import Random

from hypothesis import given
from hypothesis import strategies as st

from choreography import SystemClock
from choreography.consume.lane import Lane, LaneState, Look
from choreography.consume.lanes import Lanes
from choreography.kafka.look_ahead import Ahead
from choreography.wire.record import Record, TopicPartition

AT = TopicPartition("shop.orders.v1", 0)


def record(offset: int, key: bytes | None = b"c1", at: TopicPartition = AT) -> Record:
    return Record(at.topic, at.partition, offset, key, b"1234567890")


def assigned() -> Lanes:
    lanes = Lanes()
    lanes.on_assign({AT: 1})
    lanes.open(AT)
    return lanes


def offset_of(turn: Record | Look | None) -> int | None:
    return turn.offset if isinstance(turn, Record) else None


def test_records_of_one_key_run_one_after_the_other() -> None:
    lanes = assigned()

    (place,) = lanes.on_records([record(0), record(1)])
    assert offset_of(lanes.turn(place)) == 0
    lanes.on_done(place)

    assert offset_of(lanes.turn(place)) == 1
    lanes.on_done(place)
    assert lanes.turn(place) is None


def test_what_comes_while_its_lane_runs_waits_for_its_turn() -> None:
    lanes = assigned()
    (place,) = lanes.on_records([record(0)])

    assert lanes.on_records([record(1)]) == []

    lanes.on_done(place)
    assert offset_of(lanes.turn(place)) == 1


def test_records_of_different_keys_run_beside_each_other() -> None:
    lanes = assigned()

    ready = lanes.on_records([record(0, b"c1"), record(1, b"c2"), record(2, None)])

    assert [offset_of(lanes.turn(place)) for place in ready] == [0, 1, 2]


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
    lanes.on_assign({AT: 1})
    lanes.open(AT)
    (new,) = lanes.on_records([record(0)])
    lanes.on_done(old)

    assert not old.partition.is_owned
    assert lanes.turn(old) is None
    assert lanes.take_positions() == {}
    lanes.on_done(new)
    assert lanes.take_positions() == {AT: 1}


def test_records_of_a_partition_that_was_taken_away_are_dropped() -> None:
    lanes = assigned()
    lanes.on_revoke([AT])

    assert lanes.on_records([record(0)]) == []


def test_a_partition_hands_out_nothing_before_it_is_opened() -> None:
    lanes = Lanes()
    lanes.on_assign({AT: 1})

    before = [*lanes.on_records([record(0), record(1, b"c2")]), *lanes.on_waiting(AT, b"c3")]
    opened = lanes.open(AT)

    assert before == []
    assert {place.key for place in opened} == {b"c1", b"c2", b"c3"}
    assert lanes.open(AT) == []


def test_what_waits_in_the_ledger_is_looked_at_before_what_was_fetched() -> None:
    lanes = Lanes()
    lanes.on_assign({AT: 1})
    lanes.on_waiting(AT, b"c1")
    lanes.on_records([record(5)])
    (place,) = lanes.open(AT)

    assert lanes.turn(place) is Look.LEDGER
    place.looks = True
    assert lanes.turn(place) is Look.LEDGER
    place.waits = False
    assert offset_of(lanes.turn(place)) == 5


def test_a_blocked_lane_stays_known_when_it_has_nothing_to_run() -> None:
    lanes = assigned()
    (place,) = lanes.on_records([record(0)])
    place.waits = place.is_blocked = True
    lanes.on_done(place)
    assert lanes.turn(place) is None

    (again,) = lanes.on_records([record(1)])

    assert again.is_blocked
    assert again.waits


def test_a_lane_that_runs_looks_at_the_ledger_before_its_next_record() -> None:
    lanes = assigned()
    (place,) = lanes.on_records([record(0), record(1)])

    assert lanes.on_waiting(AT, b"c1") == []

    lanes.on_done(place)
    assert lanes.turn(place) is Look.LEDGER


def test_what_was_fetched_later_of_the_same_key_can_be_seen() -> None:
    lanes = assigned()
    (first, _) = lanes.on_records([record(0, b"c1"), record(1, b"c2"), record(2, b"c1")])

    lane = Lane(first, Ahead(lambda _: None), SystemClock())
    assert [later.offset for later in lane.behind(0)] == [2]


def test_fetching_pauses_when_full_and_resumes_when_half_empty() -> None:
    lanes = Lanes(high_water=4)
    lanes.on_assign({AT: 1})
    lanes.open(AT)

    ready = lanes.on_records([record(offset, str(offset).encode()) for offset in range(4)])

    assert lanes.should_pause()
    lanes.on_done(ready[0])
    assert lanes.should_pause()
    lanes.on_done(ready[1])
    assert not lanes.should_pause()


def test_few_large_records_are_as_much_as_many_small_ones() -> None:
    lanes = Lanes(most_bytes=15)
    lanes.on_assign({AT: 1})

    lanes.on_records([record(0), record(1)])

    assert lanes.should_pause()


def test_what_waits_for_one_old_record_is_limited() -> None:
    lanes = Lanes(most_behind_one=3)
    lanes.on_assign({AT: 1})
    lanes.open(AT)
    old, *others = lanes.on_records([record(offset, str(offset).encode()) for offset in range(4)])
    for place in others:
        lanes.on_done(place)

    assert lanes.should_pause()
    lanes.on_done(old)
    assert not lanes.should_pause()


def test_a_revoked_partition_counts_no_more_towards_full() -> None:
    lanes = Lanes(high_water=2)
    lanes.on_assign({AT: 1})
    lanes.on_records([record(0), record(1)])

    lanes.on_revoke([AT])

    assert not lanes.should_pause()


@given(
    keys=st.lists(st.sampled_from([b"a", b"b", b"c", None]), min_size=1, max_size=30),
    seed=st.integers(0, 2**32),
)
def test_any_schedule_keeps_each_key_in_order_and_ends_at_the_end(keys: list[bytes | None], seed: int) -> None:
    lanes, chance = assigned(), Random(seed)
    running: list[LaneState] = lanes.on_records([record(2 * number, key) for number, key in enumerate(keys)])
    done: list[int] = []

    while running:
        place = chance.choice(running)
        turn = lanes.turn(place)
        if not isinstance(turn, Record):
            running.remove(place)
            continue
        done.append(turn.offset)
        lanes.on_done(place)
        for position in lanes.take_positions().values():
            assert all(offset in done for offset in range(0, position, 2))

    for key in set(keys):
        of_key = [2 * number for number, one in enumerate(keys) if one == key]
        assert [offset for offset in done if offset in of_key] == of_key
    assert sorted(done) == [2 * number for number in range(len(keys))]
