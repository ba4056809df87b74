"""Commands as an operator runs them: Kafka's own tools, and `ems`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.e2e.world import World

_BIN: Final = Path(__file__).parents[2] / "infra" / "bin"
_SECONDS: Final = 120


def said_by(world: World, tool: str, *arguments: str) -> str:
    """Run one of Kafka's console tools, and return what it printed."""
    done = subprocess.run(
        [_BIN / f"{tool}.sh", "--bootstrap-server", world.stack.endpoints.kafka, *arguments],
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        errors="replace",  # a record's value is Avro
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ems(world: World, *arguments: str, state_dir: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `ems` where the system is, or where another directory is, and return how it ended and what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "infra.cli.main", *arguments],
        env={**os.environ, "EMS_STATE_DIR": str(state_dir or world.stack.state_dir)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
