"""A command that runs to its end, and never outlives an interruption."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.interruption import shielded


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str


def run_to_end(command: Sequence[str], *, home: Path | None = None) -> Ended:
    """Run a command in a session of its own, in a directory; return what it printed, errors included."""
    child: subprocess.Popen[str] | None = None
    try:
        with shielded():  # an interruption between the start and the next line would leave the child behind
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=home,
                start_new_session=True,
            )
        said, _ = child.communicate()
    except BaseException:
        if child is not None:
            child.kill()
            child.communicate()
        raise
    return Ended(child.returncode, said.strip())
