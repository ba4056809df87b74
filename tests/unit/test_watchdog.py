import pytest

from choreography.health import Health
from choreography.kafka.watchdog import PartitionStuck, Watchdog
from choreography.wire.record import TopicPartition

AT, OTHER = TopicPartition("shop.orders.v1", 0), TopicPartition("shop.orders.v1", 1)
SECONDS = 120.0


class Fetching:
    """A client and its broker, and a time that passes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.positions = {AT: -1001, OTHER: -1001}
        self.ends = {AT: 0, OTHER: 0}
        self.answers = True
        self.blind = False
        self.asked = 0
        self.health = Health()
        self.watchdog = Watchdog(SECONDS, self.health, lambda: self.now)
        self.watchdog.assigned({AT: 0, OTHER: 0})

    def position(self, at: TopicPartition) -> int:
        return self.positions[at]

    def seen_end(self, at: TopicPartition) -> int:
        return -1001 if self.blind else self.ends[at]

    def end(self, at: TopicPartition) -> int | None:
        self.asked += 1
        return self.ends[at] if self.answers else None

    def passes(self, seconds: float) -> None:
        """Let time pass, turn by turn as the consumer's thread does."""
        until = self.now + seconds
        while self.now < until:
            self.now += 1
            self.watchdog.look(self)


@pytest.fixture
def fetching() -> Fetching:
    return Fetching()


def test_a_partition_that_has_records_and_yields_none_ends_the_process_and_health_names_it(fetching: Fetching) -> None:
    fetching.ends[AT] = 5

    with pytest.raises(PartitionStuck, match=r"shop\.orders\.v1:0 yields nothing.* 5 more offsets"):
        fetching.passes(SECONDS + 30)

    assert fetching.now >= SECONDS
    assert "shop.orders.v1:0" in str(fetching.health.report())
    assert not fetching.health.ready


def test_it_is_found_though_the_client_itself_has_not_seen_that_there_is_more(fetching: Fetching) -> None:
    fetching.ends[AT] = 5
    fetching.blind = True

    with pytest.raises(PartitionStuck):
        fetching.passes(2 * SECONDS)


def test_an_idle_partition_is_well_for_ever_and_hardly_costs_a_question(fetching: Fetching) -> None:
    fetching.passes(3_600)

    assert fetching.asked <= 2 * 3_600 / (SECONDS / 4)


def test_a_partition_in_which_something_is_fetched_is_well_however_far_it_is_behind(fetching: Fetching) -> None:
    fetching.ends[AT] = 1_000_000

    for position in range(1, 10):
        fetching.positions[AT] = position
        fetching.passes(SECONDS * 0.9)


def test_a_paused_partition_is_well_and_gets_its_full_time_once_it_is_resumed(fetching: Fetching) -> None:
    fetching.ends[AT] = 5
    fetching.watchdog.paused([AT])

    fetching.passes(SECONDS * 5)
    fetching.watchdog.resumed([AT])
    fetching.passes(SECONDS * 0.9)

    with pytest.raises(PartitionStuck):
        fetching.passes(SECONDS)


def test_a_broker_that_is_away_is_held_against_nobody(fetching: Fetching) -> None:
    fetching.ends[AT] = 5
    fetching.passes(SECONDS * 0.9)

    fetching.answers = False
    fetching.passes(SECONDS * 5)
    fetching.answers = True
    fetching.passes(SECONDS * 0.9)

    with pytest.raises(PartitionStuck):
        fetching.passes(SECONDS)


def test_what_stands_behind_the_last_record_and_is_none_counts_as_read(fetching: Fetching) -> None:
    fetching.ends[AT] = 6
    fetching.positions[AT] = 5
    fetching.watchdog.ended(AT, 6)  # a transaction marker

    fetching.passes(SECONDS * 5)


def test_a_thread_that_was_busy_elsewhere_does_not_blame_a_partition_for_it(fetching: Fetching) -> None:
    fetching.ends[AT] = 5
    fetching.passes(SECONDS * 0.9)

    fetching.now += 10 * SECONDS  # a revocation that drains, or a laptop that sleeps
    fetching.passes(SECONDS * 0.9)


def test_a_partition_that_was_given_up_is_nobodys_concern(fetching: Fetching) -> None:
    fetching.ends[AT] = 5
    fetching.passes(SECONDS * 0.9)

    fetching.watchdog.forget([AT])

    fetching.passes(SECONDS * 5)


def test_a_member_without_partitions_is_a_healthy_standby(fetching: Fetching) -> None:
    fetching.watchdog.forget([AT, OTHER])

    fetching.passes(SECONDS * 5)
