"""Fail points: named places at which a test has a process die as a crash does, with nothing cleaned up.

`CHOREOGRAPHY_FAIL_AT=after_effect` kills the process when it gets there; `after_effect:3` when it gets there for the
third time. The environment is read once, at import; where it says nothing, `reach` does nothing.
"""

import os
import signal
from typing import Final

_NAME, _, _TIME = os.environ.get("CHOREOGRAPHY_FAIL_AT", "").partition(":")
_DIES_AT: Final = int(_TIME or 1)
_reached = 0


def reach(name: str) -> None:
    """Die here by SIGKILL, if the environment says so."""
    if name == _NAME:
        _count()


def _count() -> None:
    global _reached  # noqa: PLW0603 - how often this process got there
    _reached += 1
    if _reached >= _DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)
