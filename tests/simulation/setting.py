"""A service and its surroundings, as one history needs them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from choreography import Event, Service
from tests.checker.expectations import Expectations
from tests.simulation import plan as plans
from tests.simulation.broker import Broker
from tests.simulation.faults import Faults
from tests.simulation.plan import Plan
from tests.simulation.process import Process
from tests.simulation.targets import Target
from tests.simulation.world import World

KEYS: Final = tuple(f"e-{number}" for number in range(1, plans.KEYS + 1))
DOMAIN: Final = "company"


@dataclass(frozen=True)
class Setting:
    """A service and its surroundings in one history.

    Attributes:
        ports: makes those of one process.
    """

    service: Service[Any]
    kinds: tuple[type[Event], ...]
    targets: dict[str, Target]
    ports: Callable[[Process], Any]
    expectations: Expectations


Builder = Callable[[Plan, World, Faults, Broker], Setting]
