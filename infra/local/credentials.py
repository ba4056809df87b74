"""The secrets of a state directory: made at random once, readable by their owner only."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from filelock import FileLock

from infra.atomic import write_atomically


@dataclass(frozen=True)
class Credentials:
    """What the processes of a stack prove themselves to each other with."""

    webhook_secret: str = field(repr=False)
    scim_token: str = field(repr=False)

    @classmethod
    def of(cls, state_dir: Path) -> Self:
        """Return those of a state directory, making them the first time."""
        file = state_dir / "secrets.json"
        with FileLock(state_dir / "secrets.lock"):  # two first commands at once have the same
            if file.exists():
                return cls(**json.loads(file.read_text(encoding="utf-8")))
            made = cls(
                webhook_secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
                scim_token=secrets.token_urlsafe(24),
            )
            write_atomically(file, json.dumps(asdict(made)))
        return made
