"""Where the running system is: `endpoints.json`, which exists while it runs.

It holds secrets, so only its owner can read it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from infra.atomic import write_atomically
from infra.errors import Unreachable

STATE_DIR: Final = "EMS_STATE_DIR"
_DEFAULT: Final = ".ems"


def state_directory(given: Path | None = None) -> Path:
    """Return the state directory: the given one, else `EMS_STATE_DIR`, else `.ems` where one stands."""
    return (given or Path(os.environ.get(STATE_DIR) or _DEFAULT)).absolute()


@dataclass(frozen=True)
class Endpoints:
    """Where everything answers.

    Attributes:
        kafka: `host:port`.
        registry: ends in `/apis/ccompat/v7`.
        intake: `http://host:port`.
        webhook_secret: what requests to the intake are signed with.
        smtp: `host:port`.
        maildir: the folder that gets every mail which the SMTP server accepts.
        imap: `host:port`.
        caldav: the address under which each person's folder lies.
        scim: the address to which `/Users` and `/Groups` are appended.
        scim_token: the bearer token of the directory.
        pids: the process ids, by process name.
        health: the ports where `/healthz` and `/readyz` answer, by process name.
    """

    kafka: str
    registry: str
    intake: str
    webhook_secret: str = field(repr=False)
    smtp: str
    maildir: str
    imap: str
    caldav: str
    scim: str
    scim_token: str = field(repr=False)
    pids: Mapping[str, int]
    health: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, state_dir: Path) -> Self:
        """Read what `ems up` wrote.

        Raises:
            Unreachable: nothing runs there.
        """
        try:
            content: dict[str, Any] = json.loads(_file(state_dir).read_text(encoding="utf-8"))
            return cls(**{one.name: content[one.name] for one in fields(cls)})
        except FileNotFoundError as error:
            raise Unreachable from error
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"{_file(state_dir)} cannot be read. Write it anew with: make up") from error

    def write(self, state_dir: Path) -> None:
        """Write them for every tool to find."""
        write_atomically(_file(state_dir), json.dumps(asdict(self), indent=2) + "\n")


def forget(state_dir: Path) -> None:
    """Let tools find nothing there any more."""
    _file(state_dir).unlink(missing_ok=True)


def _file(state_dir: Path) -> Path:
    return state_dir / "endpoints.json"
