"""One mailbox for all tests of mail, as the sandbox has it: a Maildir and a real IMAP server over it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymap.backend.maildir.users import PasswordRecord, PasswordsFile, UserRecord, UsersFile
from pysasl.hashing import BuiltinHash

from tests.integration.mail.exim import Exim, NoExim, running_exim


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

    def add_account(self, username: str, password: str) -> None:
        """Have the IMAP server let somebody else in, too."""
        folder = str(self.maildir.with_name(f"{self.maildir.name}.imap"))
        users, passwords = UsersFile.file_read(folder), PasswordsFile.file_read(folder)
        users.set(UserRecord(username, password="x", home_dir=str(self.maildir)))
        passwords.set(PasswordRecord(username, BuiltinHash(rounds=1000).hash(password)))
        users.file_write()
        passwords.file_write()


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


@dataclass(frozen=True)
class Certificate:
    """A certificate for the loopback address, signed by itself.

    Attributes:
        bundle, private: the files, as PEM.
    """

    bundle: Path
    private: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A mail system's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1)
        )
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.bundle.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process trust the mail system's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.bundle))


@pytest.fixture(scope="session")
def exim(certificate: Certificate) -> Iterator[Exim]:
    """A second mail system, which shares no code with the first: Exim, from Debian's packages.

    It is no part of the product, and comes by apt alone: where it cannot be had, its tests are skipped, and the summary
    says so with the reason; `EMS_TEST_EXIM=1` makes that a failure.
    """
    with ExitStack() as stack:
        try:
            one = stack.enter_context(running_exim(certificate.bundle.read_bytes(), certificate.private.read_bytes()))
        except NoExim as reason:
            if os.environ.get("EMS_TEST_EXIM"):
                pytest.fail(f"There is no Exim: {reason}.", pytrace=False)
            pytest.skip(f"There is no Exim: {reason}.")
        yield one
