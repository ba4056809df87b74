"""Running the simulation in processes of its own, as a person does."""

import os
import subprocess
import sys


def simulation(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it where a seed means the same each time; return what it came to."""
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})
