"""What is in the mailbox: read from the Maildir, or by IMAP."""

import imaplib
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from infra.sandbox.imap_account import PASSWORD, USER
from infra.sandbox.maildir import RECIPIENTS_HEADER, SENDER_HEADER


@dataclass(frozen=True)
class Mail:
    """An accepted mail.

    Attributes:
        sender: of the envelope.
        recipients: of the envelope: who really gets it, whatever its headers say.
        message: the mail as it was sent, and the envelope as two headers on top.
        raw: its bytes.
    """

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"] or "")

    @property
    def message_id(self) -> str:
        """The Message-ID with its angle brackets; empty without one."""
        return str(self.message["Message-ID"] or "").strip()

    @property
    def text(self) -> str:
        """The plain text; empty without one."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""

    @property
    def html(self) -> str:
        """The HTML; empty without one."""
        body = self.message.get_body(("html",))
        return str(body.get_content()) if body else ""

    @property
    def invitation(self) -> bytes | None:
        """The calendar object that the mail carries as `text/calendar`."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                content = part.get_payload(decode=True)
                return content if isinstance(content, bytes) else None
        return None


def read_maildir(maildir: Path) -> tuple[Mail, ...]:
    """Return every mail in the order of arrival, also while others are delivered or read by IMAP."""
    found: dict[str, Mail] = {}
    for part in ("new", "cur", "new"):  # the IMAP server moves mails from new to cur as they are looked at
        for path in (maildir / part).iterdir() if (maildir / part).is_dir() else ():
            key = path.name.partition(":")[0]
            try:
                found.setdefault(key, parse(path.read_bytes()))
            except FileNotFoundError:
                continue
    return tuple(found[key] for key in sorted(found))


def read_imap(address: str, *, user: str = USER, password: str = PASSWORD, seconds: float = 10.0) -> tuple[Mail, ...]:
    """Return every mail by IMAP; those that came since the last look are in the order in which the server found them.

    Args:
        address: `host:port`.
        user: the account.
        password: of the account.
        seconds: how long the server may take for an answer.

    Raises:
        OSError: the server is away.
        imaplib.IMAP4.error: the server refuses.
    """
    host, _, port = address.rpartition(":")
    with imaplib.IMAP4(host, int(port), timeout=seconds) as client:
        client.login(user, password)
        client.select("INBOX", readonly=True)
        _, answer = client.uid("FETCH", "1:*", "(BODY.PEEK[])")
    return tuple(parse(part[1]) for part in answer if isinstance(part, tuple))


def parse(raw: bytes) -> Mail:
    """Return the mail as it was sent, with its envelope."""
    message = message_from_bytes(raw, policy=policy.default)
    recipients = tuple(str(message[RECIPIENTS_HEADER] or "").replace(",", " ").split())
    return Mail(str(message[SENDER_HEADER] or ""), recipients, message, raw)


def to(recipient: str, mails: Iterable[Mail]) -> tuple[Mail, ...]:
    """Return the mails that this address gets."""
    return tuple(one for one in mails if recipient.lower() in (address.lower() for address in one.recipients))


def about(text: str, mails: Iterable[Mail]) -> tuple[Mail, ...]:
    """Return the mails with this text, such as a case id, in a header, a readable part or an invitation."""
    return tuple(one for one in mails if text in _readable(one))


def _readable(mail: Mail) -> str:
    headers = "\n".join(str(value) for value in mail.message.values())
    invitation = (mail.invitation or b"").replace(b"\r\n", b"\n").replace(b"\n ", b"")
    return "\n".join((headers, mail.text, mail.html, invitation.decode(errors="replace")))
