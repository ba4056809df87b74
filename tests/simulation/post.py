"""A mail server."""

from typing import Any

from tests.simulation.faults import Faults
from tests.simulation.targets import Target
from tests.simulation.world import World


class Post(Target):
    """A mail server: what it accepted is sent; in the journal it can be found a little later."""

    def __init__(self, world: World, faults: Faults, settles: float) -> None:
        super().__init__(world, faults, "post", None)
        self._settles = settles
        self._accepted: list[tuple[float, str, tuple[str, ...]]] = []

    def send(self, message_id: str, to: tuple[str, ...], **about: Any) -> None:
        """Accept a mail."""
        self._accepted.append((self.world.now + self.world.chance.random() * self._settles, message_id, to))
        self.accept("sent", message_id, **about)

    def find(self, message_id: str) -> tuple[str, ...] | None:
        """Look into the journal; return to whom a mail was sent."""
        return next((to for since, of, to in self._accepted if of == message_id and since <= self.world.now), None)
