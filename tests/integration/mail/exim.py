"""Exim, from Debian's packages, as a mail system of this session alone: nothing is installed, and root is not needed.

The packages come by the machine's own apt, into the cache of this project. Exim looks its user up by a name that is
compiled in; Debian's `nss_wrapper` tells it one.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from infra.local.cache import cache_dir
from infra.local.ports import free_port

USERNAME, PASSWORD = "ems", "a-secret: with $signs"
GONE, BUSY = "gone@example.com", "busy@example.com"
_PACKAGES: Final = ("exim4-daemon-light", "libnss-wrapper")
_NOT_TAKEN: Final = ("libc6",)  # must fit the machine's own loader
_NOBODY: Final = 65534
_SECONDS: Final = 60.0
_CONFIGURATION: Final = """
primary_hostname = mx.example.com
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
exim_path = {program}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
deliver_drop_privilege = true
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = recipient
acl_smtp_data = text
begin acl
recipient:
  deny !authenticated = *
  deny recipients = {gone}
  defer recipients = {busy}
  accept
text:
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = {folder}/maildir
  maildir_format
  envelope_to_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{username}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


class NoExim(Exception):  # noqa: N818 - reads better without the suffix
    """Exim cannot be had here."""


@dataclass(frozen=True)
class Exim:
    """A mail system that runs.

    Attributes:
        port: where it answers.
        folder: where it keeps what it accepted.
    """

    port: int
    folder: Path

    def delivered(self, message_id: str, to: str) -> EmailMessage:
        """Wait until a mail has been delivered to somebody, and return it."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for file in (self.folder / "maildir" / "new").glob("*"):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                if (mail["Message-ID"], mail["Envelope-to"]) == (message_id, to):
                    return mail
        raise AssertionError(f"{message_id} was not delivered: {self.log}")

    @property
    def log(self) -> str:
        """What it says of what it did."""
        return (self.folder / "spool" / "mainlog").read_text(encoding="utf-8")


@contextmanager
def running_exim(certificate: bytes, key: bytes) -> Iterator[Exim]:
    """Run Exim with this certificate; end it on leaving.

    Raises:
        NoExim: there is no apt here, or it cannot get the packages.
    """
    packages = _downloaded(cache_dir() / "debian-exim")
    with TemporaryDirectory(prefix="exim-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        program, environment = _unpacked(packages, folder)
        (folder / "certificate.pem").write_bytes(certificate)
        (folder / "key.pem").write_bytes(key)
        for own in ("spool", "maildir"):
            (folder / own).mkdir(mode=0o700)
        if os.getuid() == 0:
            for own in ("spool", "maildir", "key.pem"):
                os.chown(folder / own, _NOBODY, _NOBODY)
        secret = PASSWORD.replace("$", "\\$").replace(":", "\\:")
        text = _CONFIGURATION.format(
            folder=folder, program=program, port=port, gone=GONE, busy=BUSY, username=USERNAME, password=secret
        )
        (folder / "exim.conf").write_text(text, encoding="utf-8")
        command = [str(program), "-C", str(folder / "exim.conf"), "-bdf"]
        with (
            (folder / "said").open("wb") as said,
            subprocess.Popen(command, env=environment, stdout=said, stderr=said) as process,
        ):
            try:
                _wait_for(port, process, folder / "said")
                yield Exim(port, folder)
            finally:
                process.terminate()


def _downloaded(place: Path) -> list[Path]:
    if not place.is_dir():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise NoExim("there is no apt on this machine")
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent) as name:
            try:
                found = _by_apt(Path(name, "first"))
            except NoExim:  # the machine's lists may be missing, or older than what the mirror has
                found = _by_apt(Path(name, "second"), *_own_lists(Path(name)))
            found.rename(place)
    return sorted(place.glob("*.deb"))


def _by_apt(folder: Path, *options: str) -> Path:
    """Download the packages into a folder, and return it; with the libraries that Exim needs, as its package says."""
    folder.mkdir()
    asked = ("depends", "--no-recommends", "--no-suggests", _PACKAGES[0])
    said = _run(folder, "apt-cache", *options, *asked).splitlines()
    named = [line.split(":", 1)[1].strip() for line in said if line.strip().startswith("Depends:")]
    libraries = [one for one in named if one.startswith("lib") and one not in _NOT_TAKEN]
    _run(folder, "apt-get", "-q", "-o", "APT::Sandbox::User=", *options, "download", *_PACKAGES, *libraries)
    return folder


def _own_lists(folder: Path) -> tuple[str, ...]:
    """Fetch what the mirrors have, for this session alone; return the options that have apt look there."""
    lists, cache = folder / "lists", folder / "cache"
    for one in (lists, cache / "archives"):
        (one / "partial").mkdir(parents=True)
    options = ("-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={cache}")
    _run(folder, "apt-get", "-q", "-o", "APT::Sandbox::User=", *options, "update")
    return options


def _run(folder: Path, *command: str) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NoExim(f"{command[0]} takes too long") from error
    if done.returncode:
        raise NoExim(f"{command[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def _unpacked(packages: list[Path], folder: Path) -> tuple[Path, dict[str, str]]:
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True, timeout=_SECONDS)
    program = folder / "root" / "usr" / "sbin" / "exim4"
    program.chmod(0o755)  # it comes with the bit that makes it root, which takes the variables below away
    wrapper = next((folder / "root").rglob("libnss_wrapper.so"))
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else (_NOBODY, _NOBODY)
    root = "root:x:0:0:root:/root:/bin/sh\n"
    (folder / "passwd").write_text(f"{root}Debian-exim:x:{uid}:{gid}::/nonexistent:/bin/false\n", encoding="utf-8")
    (folder / "group").write_text(f"root:x:0:\nDebian-exim:x:{gid}:\n", encoding="utf-8")
    return program, {
        "LD_LIBRARY_PATH": str(wrapper.parent),
        "LD_PRELOAD": str(wrapper),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }


def _wait_for(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"Exim did not start: {said.read_text(encoding='utf-8', errors='replace')}")
