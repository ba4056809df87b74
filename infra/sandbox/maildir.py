"""One Maildir that every accepted mail ends in (https://cr.yp.to/proto/maildir.html).

A mail is written to `tmp`, forced to the disk and moved to `new`; only then is it accepted. A kill at any moment
leaves it whole or not there at all.
"""

import os
import time
from pathlib import Path
from uuid import uuid4

SENDER_HEADER = "X-MailFrom"
RECIPIENTS_HEADER = "X-RcptTo"


def prepare(maildir: Path) -> None:
    """Create the folders of the Maildir where they are missing."""
    for part in ("tmp", "new", "cur"):
        (maildir / part).mkdir(parents=True, exist_ok=True)


def keep(maildir: Path, sender: str, recipients: list[str], content: bytes) -> None:
    """Store a mail durably, with its envelope as two headers on top and otherwise untouched but for line ends."""
    name = f"{time.time_ns()}.{uuid4().hex}.sandbox"
    envelope = f"{SENDER_HEADER}: {sender}\n{RECIPIENTS_HEADER}: {', '.join(recipients)}\n".encode()
    draft = maildir / "tmp" / name
    with draft.open("xb") as file:
        file.write(envelope + content.replace(b"\r\n", b"\n"))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(maildir / "new" / name)
    _force(maildir / "new")


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
