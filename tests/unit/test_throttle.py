"""A sender gets what it was promised, a burst after a quiet second, and a time to come back at."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choreography.testing.fake import FakeClock
from producers.ems.throttle import Throttle, TooMany


def taken(throttle: Throttle, number: int, sender: int = 0) -> int:
    """Try so many times at this moment; return how often it went through."""
    through = 0
    for _ in range(number):
        try:
            throttle.take(sender)
        except TooMany:
            continue
        through += 1
    return through


def test_a_quiet_sender_may_send_a_second_of_its_rate_at_once() -> None:
    assert taken(Throttle(500, FakeClock()), 1_000) == 500


def test_what_was_used_comes_back_with_time_and_not_beyond_a_second() -> None:
    clock = FakeClock()
    throttle = Throttle(100, clock)
    taken(throttle, 100)

    clock.advance(timedelta(milliseconds=100))
    after_a_moment = taken(throttle, 100)
    clock.advance(timedelta(hours=1))

    assert (after_a_moment, taken(throttle, 1_000)) == (10, 100)


def test_one_sender_uses_up_nothing_of_another_one() -> None:
    throttle = Throttle(100, FakeClock())

    assert [taken(throttle, 1_000), taken(throttle, 1_000, sender=1)] == [100, 100]


@pytest.mark.parametrize(("rate", "seconds"), [(500.0, 1), (1.0, 1)])
def test_it_says_in_whole_seconds_when_to_come_back(rate: float, seconds: int) -> None:
    clock = FakeClock()
    throttle = Throttle(rate, clock)
    taken(throttle, 500)

    with pytest.raises(TooMany) as refused:
        throttle.take(0)

    assert refused.value.seconds == seconds
    clock.advance(timedelta(seconds=seconds))
    throttle.take(0)


@given(st.lists(st.floats(0, 10), max_size=30), st.floats(1, 50))
def test_no_sender_ever_gets_more_than_a_burst_and_its_rate(pauses: list[float], rate: float) -> None:
    clock = FakeClock()
    throttle, through = Throttle(rate, clock), 0
    for pause in pauses:
        clock.advance(timedelta(seconds=pause))
        through += taken(throttle, 60)

    assert through <= rate + sum(pauses) * rate + 0.001
