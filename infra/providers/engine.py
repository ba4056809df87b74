"""A container engine: whether there is one, in one sentence where there is not."""

import shutil
import subprocess
from typing import Final

from infra.errors import Refused

_SECONDS: Final = 20.0


class NoEngine(Refused):
    """There is no container engine here."""


def require_engine() -> None:
    """Make sure that a container engine answers.

    Raises:
        NoEngine: none does.
    """
    if shutil.which("docker") is None:
        raise NoEngine(_sentence("no `docker` on the PATH"))
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NoEngine(_sentence(f"`docker info` gave no answer for {_SECONDS:.0f} seconds")) from error
    if done.returncode:
        raise NoEngine(_sentence("its daemon does not answer"))


def _sentence(cause: str) -> str:
    return (
        f"There is no container engine here ({cause}), so Kafka cannot run in containers. Start one, or leave "
        "`--broker` away: the broker of this machine needs nothing but Python."
    )
