"""Faults that wait for their moment: each is armed once and takes effect at the next request or the next handler."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.process import Process


@dataclass
class Faults:
    """What goes wrong next, by place; a place without a fault works.

    Attributes:
        killed: has a process started again some seconds after a fault has killed it.
    """

    killed: Callable[[Process, float], None] = lambda _process, _seconds: None
    armed: defaultdict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    away: dict[str, float] = field(default_factory=dict)
    calm: bool = False

    def arm(self, place: str, mode: str, times: int = 1) -> None:
        """Have the next request to a place go wrong in this way."""
        if not self.calm:
            self.armed[place].extend([mode] * times)

    def take(self, place: str) -> str | None:
        """Return what goes wrong now, if anything does."""
        waiting = self.armed.get(place)
        return waiting.popleft() if waiting else None

    def end(self) -> None:
        """Let everything work from now on."""
        self.calm = True
        self.armed.clear()
        self.away.clear()
