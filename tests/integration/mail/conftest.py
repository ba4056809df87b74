"""One mailbox for all tests of mail, as the sandbox has it: a Maildir and a real IMAP server over it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Mailbox:
    """Where accepted mail ends.

    Attributes:
        maildir: the folder.
        imap: the port of the IMAP server that shows it.
        smtp: the port of the sandbox's own mail system, which fills it.
    """

    maildir: Path
    imap: int
    smtp: int

    def holds(self, message_id: str) -> int:
        """Return how often a mail is in it."""
        line = f"Message-ID: {message_id}\n".encode()
        return sum(line in file.read_bytes() for part in ("new", "cur") for file in (self.maildir / part).iterdir())


@pytest.fixture(scope="session")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    """A mailbox with its servers."""
    maildir = tmp_path_factory.mktemp("mail") / "maildir"
    with _serving("imap", maildir) as imap, _serving("mail", maildir) as smtp:
        yield Mailbox(maildir, imap, smtp)


@contextmanager
def _serving(name: str, maildir: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", f"infra.sandbox.{name}", "--port", str(port), "--maildir", str(maildir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().endswith(f"listens on 127.0.0.1:{port}\n")
        try:
            yield port
        finally:
            server.kill()
