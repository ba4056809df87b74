"""What threads wait for, in simulated time: flags and orders."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from tests.simulation.process import Thread
from tests.simulation.reader import LONGEST_POLL


class Flag:
    """A `threading.Event` for a simulated thread.

    Args:
        thread: who waits for it.
        idle: whoever waits for it does so for want of anything else to do, and can as well wait for longer.
    """

    def __init__(self, thread: Thread, *, idle: bool = False) -> None:
        self._thread = thread
        self._idle = idle
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        if not self._set:
            self._set = True
            self._thread.wake()

    def clear(self) -> None:
        self._set = False

    def wait(self, seconds: float) -> bool:
        if not self._set:
            self._thread.wait(LONGEST_POLL if self._idle else seconds)
        return self._set


class WakingDeque(deque[Any]):
    """Orders for a simulated thread, which stops waiting for them."""

    def __init__(self, thread: Thread, orders: Iterable[Any]) -> None:
        super().__init__(orders)
        self._thread = thread

    def append(self, order: Any) -> None:
        super().append(order)
        self._thread.wake()
