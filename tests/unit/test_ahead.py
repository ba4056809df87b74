from choreography.kafka.look_ahead import Ahead
from choreography.wire.record import Record, TopicPartition

AT = TopicPartition("shop.orders.v1", 0)
OTHER = TopicPartition("shop.orders.v1", 1)


class Passed(list[TopicPartition]):
    """The partitions that were passed, in order."""


def record(offset: int, key: bytes = b"c1") -> Record:
    return Record(AT.topic, AT.partition, offset, key, b"")


def test_a_partition_is_passed_when_everything_up_to_its_end_has_been_seen() -> None:
    passed = Passed()
    ahead = Ahead(passed.append)
    ahead.follow({AT: 7})

    ahead.sees(AT, 7, [], 0)
    ahead.ends(AT, 7, 5)
    ahead.sees(AT, 7, [record(3)], 4)
    before = list(passed)
    ahead.sees(AT, 7, [], 5)

    assert before == []
    assert passed == [AT]


def test_an_empty_partition_is_passed_at_once() -> None:
    passed = Passed()
    ahead = Ahead(passed.append)
    ahead.follow({AT: 1})

    ahead.sees(AT, 1, [], 0)
    ahead.ends(AT, 1, 0)

    assert passed == [AT]


def test_each_question_is_answered_once_and_with_the_end_of_that_moment() -> None:
    passed = Passed()
    ahead = Ahead(passed.append)
    ahead.follow({AT: 1})
    ahead.ends(AT, 1, 0)
    ahead.sees(AT, 1, [], 0)
    ahead.sees(AT, 1, [], 1)

    assert ahead.ask([AT, OTHER]) == {AT: 1}
    ahead.ends(AT, 1, 2)
    assert passed == [AT]
    ahead.sees(AT, 1, [], 2)

    assert passed == [AT, AT]


def test_what_an_earlier_assignment_saw_says_nothing_about_this_one() -> None:
    passed = Passed()
    ahead = Ahead(passed.append)
    ahead.follow({AT: 1})
    ahead.follow({AT: 2})

    ahead.sees(AT, 1, [record(3)], 100)
    ahead.ends(AT, 2, 5)

    assert passed == []
    assert list(ahead.later(AT, b"c1", 0)) == []


def test_what_may_undo_something_is_found_by_lane_and_after_an_offset() -> None:
    ahead = Ahead(Passed().append)
    ahead.follow({AT: 1})
    ahead.sees(AT, 1, [record(3), record(5), record(6, b"c2")], 7)

    assert [one.offset for one in ahead.later(AT, b"c1", 3)] == [5]
    assert list(ahead.later(OTHER, b"c1", 0)) == []


def test_what_lies_before_everything_that_may_still_run_is_forgotten() -> None:
    ahead = Ahead(Passed().append)
    ahead.follow({AT: 1})
    ahead.sees(AT, 1, [record(3), record(5), record(6, b"c2")], 7)

    ahead.prune(AT, 5)
    ahead.prune(OTHER, 5)

    assert [one.offset for one in ahead.later(AT, b"c1", 0)] == [5]
    ahead.prune(AT, 100)
    ahead.forget([AT])
    assert list(ahead.later(AT, b"c2", 0)) == []
