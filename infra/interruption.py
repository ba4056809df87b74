"""SIGINT, SIGTERM and SIGHUP alike become `Interrupted`, raised where the program stands.

A few lines must not be cut in two: between the start of a process and the note that it was started, an interruption
would leave a process that nobody knows. `shielded` holds it back until the end of such lines.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from infra.errors import Interrupted

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Shield:
    """How many shields are up, and what arrived meanwhile; signal handlers run in the main thread only."""

    depth = 0
    pending: str | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in this block when the process is asked to stop; call it in the main thread."""
    before = {number: signal.signal(number, _on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold an interruption back until the end of this block."""
    _Shield.depth += 1
    try:
        yield
    finally:
        _Shield.depth -= 1
        _raise_pending()


def _on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    _Shield.pending = signal.Signals(number).name
    _raise_pending()


def _raise_pending() -> None:
    pending = _Shield.pending
    if pending is not None and not _Shield.depth:
        _Shield.pending = None
        raise Interrupted(pending)
