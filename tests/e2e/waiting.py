"""Waiting for a condition with a deadline; a failure says what was found instead."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import pytest

T = TypeVar("T")
PATIENCE: Final = 60.0
_BETWEEN_LOOKS: Final = 0.02


def eventually(look: Callable[[], T], what: str, found: Callable[[], object], seconds: float = PATIENCE) -> T:
    """Return the first answer of `look` that is not empty.

    Args:
        look: asked again and again.
        what: what is waited for, for the failure.
        found: what there is instead, for the failure.
        seconds: until it fails.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(_BETWEEN_LOOKS)
    pytest.fail(f"HeldRecord {seconds:.0f} s for {what}, but found {found()}.", pytrace=False)
