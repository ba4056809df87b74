"""One call for all who ask the same thing at the same time (a single flight).

Nothing is kept: who asks once the answer is there has it asked anew. An answer was thus begun no earlier than the
oldest call that it answers, and may be older than the youngest by as long as the call took.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Calls that are under way, by what they ask."""

    def __init__(self) -> None:
        self._flying: dict[K, asyncio.Task[V]] = {}

    async def run(self, key: K, call: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return what the call under way for this key answers, or have it called; what it raises all are told.

        Whoever is cancelled leaves it to the others.
        """
        flying = self._flying.get(key)
        if flying is None:
            flying = self._flying[key] = asyncio.create_task(call())
            flying.add_done_callback(lambda _: self._flying.pop(key))
        return await asyncio.shield(flying)
