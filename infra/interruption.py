"""SIGINT, SIGTERM and SIGHUP alike become `Interrupted`, raised where the program stands.

A few lines must not be cut in two: between the start of a process and the note that it was started, an interruption
would leave a process that nobody knows. `shielded` holds it back until the end of such lines; if they take long, they
ask `interrupted` whether to hurry.

One request to stop may arrive as several signals: a terminal sends it to `make` and to us, and `make` passes it on.
What follows within a moment is an echo of the first one, and must not cut short what the first one began.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Final

from infra.errors import Interrupted

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ECHO: Final = 0.2  # seconds


class _Shield:
    """How many shields are up, and what arrived meanwhile; signal handlers run in the main thread only."""

    depth = 0
    pending: str | None = None
    raised = 0.0
    last: str | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in this block when the process is asked to stop; call it in the main thread."""
    _Shield.pending, _Shield.raised, _Shield.last = None, 0.0, None
    before = {number: signal.signal(number, _on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is _on_signal:  # else `stay_deaf` was called: the process is ending
                signal.signal(number, handler)


def stay_deaf() -> None:
    """Ignore every further request to stop, because that is what this process is doing, with nothing left to end."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold an interruption back until the end of this block."""
    _Shield.depth += 1
    try:
        yield
    finally:
        _Shield.depth -= 1
        _raise_pending()


def last_signal() -> str | None:
    """Return the signal for which `Interrupted` was raised last, also when another error has taken its place."""
    return _Shield.last


def interrupted() -> bool:
    """Return whether an interruption is being held back."""
    return _Shield.pending is not None


def _on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    if monotonic() - _Shield.raised > _ECHO:
        _Shield.pending = signal.Signals(number).name
        _raise_pending()


def _raise_pending() -> None:
    pending = _Shield.pending
    if pending is not None and not _Shield.depth:
        _Shield.pending, _Shield.raised, _Shield.last = None, monotonic(), pending
        raise Interrupted(pending)
