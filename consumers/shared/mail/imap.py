"""The mails that the mail system has accepted, looked up over IMAP (RFC 3501).

The folder is one in which every mail of ours ends as it was sent: a journal, a sent folder kept by the mail system, or
a mailbox that it copies everything to. Servers search headers by parts of words, and some ignore what they do not know,
so each mail found is read and its Message-ID compared here. Nothing is changed, not even what counts as read.
"""

import asyncio
import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Final

from choreography import Unavailable
from consumers.shared.mail.mailer import SENT_MAIL
from consumers.shared.mail.smtp import Tls

_HEADERS: Final = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID TO)])"
_OK: Final = "OK"


class ImapSentMail:
    """A folder of sent mail; each question has a connection of its own, since there are few.

    Args:
        host, port: where the server answers.
        username, password: the account.
        folder: its name as the server lists it (other letters than ASCII in modified UTF-7).
        tls: `starttls` upgrades the connection and insists on it, `tls` begins encrypted.
        seconds: how long the server may take for one answer.
    """

    def __init__(
        self, host: str, port: int, *, username: str, password: str, folder: str, tls: Tls, seconds: float = 15.0
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._username, self._password = username, password
        self._folder, self._seconds = folder, seconds

    async def find(self, message_id: str) -> tuple[str, ...] | None:
        """Return the addresses to which the mail with this Message-ID was sent; `None` if there is no such mail.

        Raises:
            Unavailable: the server cannot be asked.
        """
        return await asyncio.to_thread(self._find, message_id)

    async def probe(self) -> None:
        """Make sure that the folder can be read."""
        await asyncio.to_thread(self._find, "<probe@invalid>")

    def _find(self, message_id: str) -> tuple[str, ...] | None:
        with self._opened() as imap:
            found = _answered(imap.uid("SEARCH", "HEADER", "Message-ID", _quoted(message_id)))[0] or b""
            for number in found.split():
                for header in _headers(imap, number.decode()):
                    if str(header["Message-ID"] or "").strip() == message_id:
                        return tuple(one.addr_spec for one in header["To"].addresses) if header["To"] else ()
        return None

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        try:
            with self._connected() as imap:
                imap.login(self._username, self._password)
                _answered(imap.select(_quoted(self._folder), readonly=True))
                yield imap
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise Unavailable(SENT_MAIL, untouched=True) from error

    def _connected(self) -> imaplib.IMAP4:
        if self._tls == "tls":
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(self._host, self._port, ssl_context=context, timeout=self._seconds)
        imap = imaplib.IMAP4(self._host, self._port, timeout=self._seconds)
        if self._tls == "starttls":
            try:
                imap.starttls(ssl.create_default_context())
            except BaseException:
                imap.shutdown()
                raise
        return imap


def _headers(imap: imaplib.IMAP4, number: str) -> Iterator[EmailMessage]:
    for part in _answered(imap.uid("FETCH", number, _HEADERS)):
        if isinstance(part, tuple):
            yield message_from_bytes(part[1], policy=policy.default)


def _answered(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    status, content = answer
    if status != _OK:
        raise imaplib.IMAP4.error("the server refused")
    return content


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
