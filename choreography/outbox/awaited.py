"""Rows of the outbox that somebody waits for: who waits is on the event loop, who tells is on the relay's thread."""

import asyncio
import threading
from collections.abc import Sequence


class Awaited:
    """Who waits for which row."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._lock = threading.Lock()

    def wait(self, row: int) -> "asyncio.Future[None]":
        """Return what is done when somebody tells that the row has left."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.setdefault(row, []).append(future)
        return future

    def tell(self, rows: Sequence[int]) -> None:
        """Tell who waits for these rows that they have left."""
        with self._lock:
            futures = [future for row in rows for future in self._waiting.pop(row, ())] if self._waiting else []
        for future in futures:
            future.get_loop().call_soon_threadsafe(_resolve, future)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
