"""Running the simulation in processes of its own, as a person does."""

import os
import subprocess
import sys
from typing import Final

from tests.workers import processors

SIMULATION: Final = (sys.executable, "-m", "tests.simulation")


def simulation(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it where a seed means the same each time, on this worker's processors; return what it came to."""
    command = [*SIMULATION, "--processes", str(processors()), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})
