"""The mailbox in which every mail arrives; each mail is read once, since nobody changes one."""

import re
from pathlib import Path
from typing import Final
from uuid import UUID

from infra.sandbox.probes import Mail
from infra.sandbox.probes.mails import parse

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Mailbox:
    """Every accepted mail, and the cases that it names in its text or as its thread."""

    def __init__(self, maildir: Path) -> None:
        self._maildir = maildir
        self._mails: dict[str, Mail] = {}
        self._cases: dict[str, frozenset[str]] = {}

    def every_mail(self) -> tuple[Mail, ...]:
        """Return all mails in the order of arrival."""
        self._look()
        return tuple(self._mails[name] for name in sorted(self._mails))

    def about(self, case_id: UUID) -> tuple[Mail, ...]:
        """Return the mails about a case; one that was repeated, under its own Message-ID, counts once."""
        self._look()
        found = [self._mails[name] for name in sorted(self._mails) if str(case_id) in self._cases[name]]
        return tuple({mail.message_id: mail for mail in reversed(found)}.values())[::-1]

    def _look(self) -> None:
        for part in ("new", "cur", "new"):  # the IMAP server moves mails from new to cur as they are looked at
            for path in (self._maildir / part).iterdir():
                name = path.name.partition(":")[0]
                if name not in self._mails and (raw := _read(path)) is not None:
                    self._mails[name] = mail = parse(raw)
                    self._cases[name] = frozenset(_ID.findall(f"{mail.message['References']} {mail.text}"))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # moved meanwhile
        return None
