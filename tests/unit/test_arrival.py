from choreography.errors import NoAnswer
from choreography.kafka.arrival import EVERY_SECONDS, Arrival


class Groups:
    """A group that may know the member `me`, or be away."""

    def __init__(self) -> None:
        self.known: frozenset[str] = frozenset()
        self.is_away = False
        self.asked = 0
        self.now = 0.0

    def members(self, group: str) -> frozenset[str]:
        self.asked += 1
        if self.is_away:
            raise NoAnswer
        return self.known

    def turns(self, arrival: Arrival, seconds: float) -> int:
        """Let time pass, turn by turn; return how often the arrival was news."""
        until, news = self.now + seconds, 0
        while self.now < until:
            self.now += 0.5
            news += arrival.is_news(lambda: "me")
        return news


def test_a_member_has_arrived_once_its_group_knows_it() -> None:
    groups = Groups()
    arrival = Arrival("shop.warehouse", lambda: groups, lambda: groups.now)

    before = groups.turns(arrival, 60)
    groups.known = frozenset({"me", "another"})
    after = groups.turns(arrival, 60)

    assert (before, after) == (0, 1)


def test_the_group_is_asked_now_and_then_and_not_at_all_once_the_client_has_told() -> None:
    groups = Groups()
    arrival = Arrival("shop.warehouse", lambda: groups, lambda: groups.now)

    groups.turns(arrival, 60)
    asked = groups.asked
    arrival.happened()
    groups.known = frozenset({"me"})
    news = groups.turns(arrival, 60)

    assert asked <= 60 / EVERY_SECONDS
    assert (groups.asked, news) == (asked, 0)


def test_a_group_that_is_away_is_asked_again() -> None:
    groups = Groups()
    groups.is_away = True
    arrival = Arrival("shop.warehouse", lambda: groups, lambda: groups.now)

    assert groups.turns(arrival, 10) == 0
    groups.is_away, groups.known = False, frozenset({"me"})
    assert groups.turns(arrival, 10) == 1
