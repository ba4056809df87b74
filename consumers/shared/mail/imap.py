"""The mails that the mail system has accepted, looked up over IMAP (RFC 3501).

The folder is one in which every mail of ours ends as it was sent: a journal, a sent folder kept by the mail system, or
a mailbox that it copies everything to. Servers search headers by parts of words, and some ignore what they do not know,
so each mail found is read and its Message-ID compared here. Nothing is changed, not even what counts as read.

By the standard library's client: those that build on it (`imapclient`, `imap-tools`) send a name as it stands, or take
the first line of an answer to a search for all of it.
"""

import asyncio
import imaplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Any, Final

from choreography import Unavailable
from consumers.shared.mail.mailer import SENT_MAIL
from consumers.shared.mail.smtp import Tls

_HEADERS: Final = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID TO)])"
_OK: Final = "OK"
_PASSING: Final = "[UNAVAILABLE]"  # it cannot say now; nothing about what it was told (RFC 5530)


class LookUpRefused(Unavailable):
    """The server answers, and refuses what it is told: nothing that passes by itself.

    Attributes:
        settings: the settings that say it.
    """

    def __init__(self, settings: str) -> None:
        super().__init__(SENT_MAIL, untouched=True)
        self.settings = settings


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
        """Make sure that the folder can be read.

        Raises:
            Unavailable: it cannot; as `LookUpRefused` where the server says so.
        """
        await asyncio.to_thread(self._find, "<probe@invalid>")

    def _find(self, message_id: str) -> tuple[str, ...] | None:
        unread = False
        with self._opened() as imap:
            for number in _found(imap, message_id):
                header = _header(imap, number)
                if header is None:
                    unread = True
                elif str(header["Message-ID"] or "").strip() == message_id:
                    return tuple(address for _, address in getaddresses([str(header["To"] or "")]) if address)
        if unread:  # it may have been this one
            raise Unavailable(SENT_MAIL, untouched=True)
        return None

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        try:
            with self._connected() as imap:
                with _refused("EMS_IMAP_USERNAME or EMS_IMAP_PASSWORD"):
                    _log_in(imap, self._username, self._password)
                with _refused("EMS_IMAP_FOLDER"):
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


def _log_in(imap: imaplib.IMAP4, username: str, password: str) -> None:
    """Log in; what is no ASCII cannot stand in a command, and goes by SASL (RFC 4616)."""
    if (username + password).isascii():
        _answered(imap.xatom("LOGIN", _quoted(username), _quoted(password)))  # its `login` quotes the password alone
        imap.state = "AUTH"
    else:
        imap.authenticate("PLAIN", lambda _: f"\0{username}\0{password}".encode())


def _found(imap: imaplib.IMAP4, message_id: str) -> list[str]:
    """Return the numbers of the mails that the server finds; it may say them in several lines."""
    with _refused("EMS_IMAP_HOST"):
        lines = _answered(imap.uid("SEARCH", "HEADER", "Message-ID", _quoted(message_id)))
    return [number.decode() for line in lines if line for number in line.split() if number.isdigit()]


def _header(imap: imaplib.IMAP4, number: str) -> Message | None:
    """Return what a mail says of itself; `None` where the server does not show this one."""
    status, parts = imap.uid("FETCH", number, _HEADERS)
    found = [part[1] for part in parts if isinstance(part, tuple)] if status == _OK else []
    return BytesHeaderParser().parsebytes(found[0]) if found else None


@contextmanager
def _refused(settings: str) -> Iterator[None]:
    """Take a refusal for one of what the server was told, unless it says that this passes, or goes away."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, ValueError) as error:
        if _PASSING in str(error):
            raise
        raise LookUpRefused(settings) from error


def _answered(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    status, content = answer
    if status != _OK:
        raise imaplib.IMAP4.error(f"the server refused: {content}")
    return content


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a line break or a control character cannot be said to the server")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
