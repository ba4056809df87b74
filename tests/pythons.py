"""The interpreters of this machine that the project supports."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

SUPPORTED: Final = ("3.11", "3.12", "3.13", "3.14")


@cache
def pythons() -> dict[str, str]:
    """The interpreters of this machine that are supported and can make environments, by version, the oldest first."""
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in SUPPORTED:
        named = [shutil.which(f"python{version}"), *map(str, managed.glob(f"{version}.*/bin/python{version}"))]
        given = [sys.executable] if version == f"3.{sys.version_info.minor}" else []
        for one in filter(None, (*named, *given)):
            if _can_make_environments(one):
                found[version] = one
    return found


def _can_make_environments(python: str) -> bool:
    asked = subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True, check=False)
    return asked.returncode == 0


def oldest() -> str:
    """The oldest supported interpreter of this machine; it brings the oldest pip."""
    return next(iter(pythons().values()))
