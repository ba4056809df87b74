"""Mail over SMTP (RFC 5321), one connection per mail.

What was certainly not accepted can be sent again without harm: everything before the text, and every refusal. Only
when the connection breaks, or nothing is heard, once the text flows, the mail may have been sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Final, Literal

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from choreography import Retry, Unavailable
from consumers.notification.letter import mime
from consumers.notification.ports import ADDRESS, Letter, RecipientRefused

_NOT_ABOUT_THE_RECIPIENT: Final = frozenset({421, 502, 503, 530, 535, 538})


class SmtpMailer:
    """Sends letters through a mail system.

    Args:
        host, port: where it answers.
        sender: the address that letters come from.
        domain: the right-hand side of a Message-ID.
        tls: `starttls` upgrades the connection and insists on it, `tls` begins encrypted.
        username, password: for the login, where there is one.
        seconds: how long the mail system may take for one answer.
        at_once: how many connections may be open at a time.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        domain: str,
        tls: Literal["none", "starttls", "tls"] = "starttls",
        username: str = "",
        password: str = "",
        seconds: float = 15.0,
        at_once: int = 10,
    ) -> None:
        self._sender, self._domain = sender, domain
        self._slots = asyncio.Semaphore(at_once)
        self._connect = partial(
            SMTP,
            hostname=host,
            port=port,
            username=username or None,
            password=password or None,
            local_hostname=domain,
            timeout=seconds,
            use_tls=tls == "tls",
            start_tls=tls == "starttls",
        )

    async def send(self, letter: Letter, *, claim: Callable[[], Awaitable[None]]) -> str:
        """Do what the port says."""
        if not ADDRESS.fullmatch(letter.to_address):
            raise RecipientRefused("has an address that cannot be written to")
        message_id = f"<{letter.key}@{self._domain}>"
        content = mime(letter, self._sender, message_id)
        async with self._slots, self._connection() as smtp:
            with _sorted(untouched=True):
                await smtp.mail(self._sender)
                await smtp.rcpt(letter.to_address)
            await claim()
            with _sorted(untouched=False):
                await smtp.data(content)
        return message_id

    async def probe(self) -> None:
        """Make sure that the mail system answers and lets us in."""
        async with self._connection():
            pass

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        smtp = self._connect()
        with _sorted(untouched=True):
            await smtp.connect()
        try:
            yield smtp
            with suppress(SMTPException, OSError):
                await smtp.quit(timeout=1)
        finally:
            smtp.close()


@contextmanager
def _sorted(*, untouched: bool) -> Iterator[None]:
    """Sort what goes wrong: a refusal is an answer, a silence is not."""
    try:
        yield
    except (SMTPRecipientRefused, SMTPDataError) as error:
        raise _verdict(error) from error
    except (SMTPException, OSError) as error:
        raise Unavailable(untouched=untouched) from error


def _verdict(error: SMTPResponseException) -> Exception:
    """Tell what a refusal means; its text is left out, since it may name the address."""
    if error.code in _NOT_ABOUT_THE_RECIPIENT:
        return Unavailable(untouched=True)
    match error.code // 100:  # RFC 5321 §4.2.1
        case 4:
            return Retry(f"the mail system answered {error.code}")
        case 5:
            return RecipientRefused("cannot be reached, as the mail system refuses the address")
    return Unavailable()
