"""FastStream in an environment of its own, so that nothing of it gets into ours.

Our own packages stand behind its own there: the records are decoded by the very same code.
"""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final
from uuid import uuid4

from benchmarks.kit.bed import Bed
from benchmarks.kit.span import Span
from infra.errors import InfraError

PEER: Final = "FastStream-confluent"
_REQUIREMENT: Final = "faststream[confluent]"
_ROOT: Final = Path(__file__).parents[2]
_SECONDS: Final = 120.0


class PeerMissing(InfraError):  # noqa: N818 - reads better without the suffix
    """It could not be installed."""


def peer(bed: Bed, topic: str, *, warm: int, number: int) -> Span:
    """Have it read `number` orders after the first `warm` ones.

    Raises:
        PeerMissing: it is not installed, and cannot be.
        InfraError: it failed.
    """
    python = _installed(bed.folder / "peer")
    where = [bed.broker.bootstrap_servers, bed.broker.registry_url, str(bed.folder / f"peer-{uuid4().hex[:8]}.db")]
    command = [str(python), "-m", "benchmarks.kit.peer", *where, topic, str(warm), str(number)]
    done = _run(command)
    if done.returncode:
        raise InfraError(f"{PEER} failed: {_last_line(done.stderr)}")
    return Span(**json.loads(_last_line(done.stdout)))


def _installed(place: Path) -> Path:
    """Return the interpreter of its environment, which is made at the first call."""
    python = place / "bin" / "python"
    if not python.exists():
        uv = [sys.executable, "-m", "uv"]
        _demand([*uv, "venv", "--quiet", "--python", sys.executable, str(place)])
        _demand([*uv, "pip", "install", "--quiet", "--python", str(python), _REQUIREMENT])
        (own,) = place.glob("lib/python*/site-packages")
        (own / "behind.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python


def _demand(command: list[str]) -> None:
    done = _run(command)
    if done.returncode:
        raise PeerMissing(f"{_REQUIREMENT} cannot be installed ({_last_line(done.stderr)})")


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise InfraError(f"{PEER} took longer than {_SECONDS:g} s.") from error


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
