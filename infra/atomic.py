"""Write a small file so that a reader sees the old content or the new one, never half of it."""

import os
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600


def write_atomically(file: Path, content: str, mode: int = PRIVATE) -> None:
    """Replace a file; by default only its owner may read it.

    Args:
        file: its directory is made where it is missing.
        content: text, written as UTF-8.
        mode: the permissions of the new file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
