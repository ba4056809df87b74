"""The three targets, each read by its own protocol; nothing here comes from a service."""

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx2

from infra.demo.mailbox import Mailbox
from infra.endpoints import Endpoints
from infra.sandbox.probes import Calendars, Directory

AWAY: Final = (OSError, httpx2.HTTPError, imaplib.IMAP4.error)
"""What reading a target raises while it does not answer."""


@dataclass(frozen=True)
class Targets:
    """Where the proofs are read from."""

    mailbox: Mailbox
    calendars: Calendars
    directory: Directory


@contextmanager
def open_targets(endpoints: Endpoints) -> Iterator[Targets]:
    """Open what reads the targets of a running system."""
    with Calendars(endpoints.caldav) as calendars, Directory(endpoints.scim, endpoints.scim_token) as directory:
        yield Targets(Mailbox(endpoints.imap), calendars, directory)
