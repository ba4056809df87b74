"""Commands to try while the demo waits: each can be pasted as it stands, in any directory."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import infra
from infra.endpoints import STATE_DIR, Endpoints

_ROOT: Final = Path(infra.__file__).resolve().parent.parent


def commands(state_dir: Path, endpoints: Endpoints, cases: Sequence[UUID]) -> tuple[tuple[str, str], ...]:
    """Return what each command shows, and the command."""
    kafka = ("--bootstrap-server", endpoints.kafka)
    headers = ("print.headers=true", "print.key=true", "print.value=false")
    shown = tuple(part for one in headers for part in ("--formatter-property", one))
    facts = ("--include", r"ems\.(exits|notification|hr|access)\.v1", "--from-beginning", "--timeout-ms", "5000")
    return (
        ("Who listens, and how far each has come", _kafka("kafka-consumer-groups.sh", *kafka, *_all_groups())),
        ("Every fact, with its headers", _kafka("kafka-console-consumer.sh", *kafka, *facts, *shown)),
        *(("A case, as EMS knows it", _ems(state_dir, "case", str(case))) for case in cases[-1:]),
        ("A resignation of your own", _ems(state_dir, "resign", "--employee", "E1024")),
        ("Every process, with its pid; kill one …", _ems(state_dir, "status")),
        ("… and start it again", _ems(state_dir, "up")),
    )


def _all_groups() -> tuple[str, ...]:
    return ("--describe", "--all-groups")


def _ems(state_dir: Path, *arguments: str) -> str:
    program = Path(sys.executable).with_name("ems")
    place = f"{STATE_DIR}={shlex.quote(str(state_dir))}"
    if program.exists():
        return f"{place} {shlex.join((str(program), *arguments))}"
    path = f"PYTHONPATH={shlex.quote(str(_ROOT))}"
    return f"{place} {path} {shlex.join((sys.executable, '-m', 'infra.cli.main', *arguments))}"


def _kafka(tool: str, *arguments: str) -> str:
    line = shlex.join((str(_ROOT / "infra" / "bin" / tool), *arguments))
    return line if _finds_python() else f"VIRTUAL_ENV={shlex.quote(sys.prefix)} {line}"


def _finds_python() -> bool:
    """Whether Kafka's tools find this Python by themselves: in the checkout, or around an installed package."""
    return Path(sys.prefix) in {_ROOT / ".venv", _ROOT.parent.parent.parent}
