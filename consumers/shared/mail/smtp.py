"""A mail system over SMTP (RFC 5321): a mail goes to everybody whom it names, or to nobody.

The recipients are offered first. One that is to be tried later (4xx) ends the attempt before any text is sent. One that
is refused for good (5xx) is left out, and a stand-in is told as well. What was certainly not accepted can be sent again
without harm: everything before the text, and every refusal. When the connection breaks once the text flows, when
nothing is heard, or when the server only says that it closes (421), the mail may have been sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from functools import partial
from typing import Final, Literal

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from choreography import ChoreographyError, Retry, Unavailable

Claim = Callable[[], Awaitable[None]]
Tls = Literal["none", "starttls", "tls"]

_CLOSING: Final = 421
_SILENT: Final = (SMTPServerDisconnected, SMTPTimeoutError, OSError)
# It closes, or does not let us in: nothing about this mail or its recipients.
_NOT_ABOUT_THE_MAIL: Final = frozenset({_CLOSING, 502, 503, 530, 535, 538})


class SmtpServer:
    """A mail system; each mail has a connection of its own.

    Args:
        host, port: where it answers.
        sender: the address with which `probe` introduces itself.
        domain: the name of this machine to the mail system.
        tls: `starttls` upgrades the connection and insists on it, `tls` begins encrypted.
        username, password: for the login, where there is one.
        seconds: how long the mail system may take for one answer.
        seconds_for_text: how long for accepting the text; the longer, the fewer mails of which nobody knows.
        at_once: how many connections may be open at a time.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        domain: str,
        tls: Tls = "starttls",
        username: str = "",
        password: str = "",
        seconds: float = 15.0,
        seconds_for_text: float = 30.0,
        at_once: int = 10,
    ) -> None:
        self._sender = sender
        self._login = (username, password) if username else None
        self._seconds_for_text = seconds_for_text
        self._slots = asyncio.Semaphore(at_once)
        self._connect = partial(
            SMTP,
            hostname=host,
            port=port,
            local_hostname=domain,
            timeout=seconds,
            use_tls=tls == "tls",
            start_tls=tls == "starttls",
        )

    async def deliver(self, message: EmailMessage, *, otherwise: str | None, claim: Claim) -> tuple[str, ...]:
        """Hand a mail over, and return the addresses that get it; none where all of them, or the mail, are refused.

        Args:
            message: names sender and recipients.
            otherwise: gets it as well when one of them is refused.
            claim: called just before it cannot be taken back.

        Raises:
            Retry: the mail system asks to try later; nobody has the mail.
            Unavailable: it cannot be used; unless `untouched`, it may have accepted the mail.
        """
        async with self._slots, self._connection() as smtp:
            with _sorted(untouched=True):
                reached = await _offer(smtp, message, otherwise)
            if not reached:
                return ()
            await claim()
            with _sorted(untouched=False):
                accepted = await self._hand_over(smtp, message.as_bytes(policy=SMTP_POLICY))
        return reached if accepted else ()

    async def probe(self) -> None:
        """Make sure that the mail system answers, lets us in and takes mail from us."""
        async with self._connection() as smtp:
            with _sorted(untouched=True):
                await smtp.mail(self._sender)
                await smtp.rset()

    async def _hand_over(self, smtp: SMTP, content: bytes) -> bool:
        try:
            await smtp.data(content, timeout=self._seconds_for_text)
        except SMTPDataError as refusal:
            if _is_for_good(refusal):
                return False
            raise
        return True

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        smtp = self._connect()
        try:
            with _sorted(untouched=True):
                await smtp.connect()
                if self._login is not None:
                    await smtp.login(*self._login)
            yield smtp
            await _quit(smtp)
        except ChoreographyError as error:
            if not isinstance(error.__cause__, _SILENT):
                await _quit(smtp)
            raise
        finally:
            smtp.close()


async def _quit(smtp: SMTP) -> None:
    """Say goodbye: over TLS a connection that is merely closed stays open until the other side closes it, too."""
    with suppress(SMTPException, OSError):
        await smtp.quit(timeout=1)


async def _offer(smtp: SMTP, message: EmailMessage, otherwise: str | None) -> tuple[str, ...]:
    """Name sender and recipients; return who is accepted."""
    await smtp.mail(message["From"].addresses[0].addr_spec)
    wanted = [one.addr_spec for one in message["To"].addresses]
    accepted = [one for one in wanted if await _accepts(smtp, one)]
    if otherwise and len(accepted) < len(wanted) and otherwise not in wanted and await _accepts(smtp, otherwise):
        accepted.append(otherwise)
    return tuple(accepted)


async def _accepts(smtp: SMTP, address: str) -> bool:
    if not address.isascii():  # would need SMTPUTF8 (RFC 6531) all the way to the mailbox
        return False
    try:
        await smtp.rcpt(address)
    except SMTPRecipientRefused as refusal:
        if _is_for_good(refusal):
            return False
        raise
    return True


def _is_for_good(refusal: SMTPResponseException) -> bool:
    return refusal.code // 100 == 5 and refusal.code not in _NOT_ABOUT_THE_MAIL  # noqa: PLR2004 - RFC 5321 §4.2.1


@contextmanager
def _sorted(*, untouched: bool) -> Iterator[None]:
    """Sort what goes wrong: a refusal is an answer, a silence is not; its text may name people and is left out."""
    try:
        yield
    except SMTPResponseException as answer:
        if answer.code == _CLOSING:
            raise Unavailable(untouched=untouched) from answer
        if answer.code in _NOT_ABOUT_THE_MAIL or (isinstance(answer, SMTPSenderRefused) and _is_for_good(answer)):
            raise Unavailable(untouched=True) from answer
        if answer.code // 100 == 4:  # noqa: PLR2004 - the same
            raise Retry(f"the mail system answered {answer.code}") from answer
        raise Unavailable(untouched=untouched) from answer
    except (SMTPException, OSError) as error:
        raise Unavailable(untouched=untouched) from error
