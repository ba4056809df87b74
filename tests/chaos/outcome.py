"""How much is done in a run, and what came of it."""

from dataclasses import dataclass

from tests.chaos.diary import Diary
from tests.checker.anomaly import Anomaly
from tests.checker.history import History


@dataclass(frozen=True)
class Dose:
    """How much of it.

    Attributes:
        rate: requests a second, at most.
        rarer: how many times rarer than in a small run the faults of the targets are.
        protocol: of the consumer groups, `classic` or `consumer` (KIP-848).
        patience: seconds that everything may take to come to rest.
        brief: nothing is done that takes long: short visits and outages, and nobody is silent for longer than a client
            waits.
    """

    kills: int
    events: int
    seed: int
    rate: float
    rarer: float = 1.0
    protocol: str = "classic"
    patience: float = 600.0
    brief: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        missing: what was not at rest when the patience was over; empty when all was.
        seconds: from the first request to rest.
    """

    dose: Dose
    diary: Diary
    history: History
    anomalies: list[Anomaly]
    accepted: int
    repeated: int
    missing: str
    seconds: float
