"""The sandbox's servers as processes of a stack: mail, look-up of mails, calendar, directory."""

import sys
from dataclasses import replace
from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.http import status_of
from infra.local.ports import Ports, listens
from infra.local.process import ProcessSpec, Stage
from infra.sandbox import TOKEN


def sandbox_specs(state_dir: Path, ports: Ports, credentials: Credentials) -> tuple[ProcessSpec, ...]:
    """Return how the four servers are started; what they accept is kept in `sandbox/` below the state directory."""
    home = state_dir / "sandbox"
    mail = ("--maildir", str(maildir(state_dir)))
    smtp, imap, caldav, scim = (ports.of(name) for name in ("smtp", "imap", "caldav", "scim"))
    directory = _spec("scim", "directory", scim, "--storage", str(home / "directory.jsonl"))
    return (
        replace(directory, environment={TOKEN: credentials.scim_token}),  # arguments can be read by everybody
        _spec("caldav", "calendar", caldav, "--storage", str(home / "calendars")),
        _spec("smtp", "mail", smtp, *mail),
        _spec("imap", "imap", imap, *mail),
    )


def maildir(state_dir: Path) -> Path:
    """Return the one folder that gets every accepted mail."""
    return state_dir / "sandbox" / "maildir"


def _spec(name: str, module: str, port: int, *arguments: str) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-m", f"infra.sandbox.{module}", "--port", str(port), *arguments),
        ports={name: port},
        stage=Stage.SANDBOX,
        ready=lambda: status_of(port, "/") != 0 if name in {"scim", "caldav"} else listens(port),
        waits_for=f"the sandbox's {name} server",
    )
