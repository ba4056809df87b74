"""Sending mail by SMTP (RFC 5321): to everybody, or to nobody.

The recipients are offered first. One that is to be tried later (4xx) ends the attempt before any content is sent, so
that a repeat doubles no mail. One that is refused for good (5xx) is left out, and a stand-in is told as well. From
the first byte of the content on the mail may have been accepted, whatever happens then.
"""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Final, Literal

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from choreography import Reject, Retry, Unavailable
from consumers.hr.ports import Claim

_FOR_GOOD: Final = 500
_DOWN: Final = frozenset({421, 530, 535, 538})  # it closes, or does not let us in: nothing about this mail
Tls = Literal["none", "starttls", "tls"]


class SmtpMailer:
    """A mail server; each mail has a connection of its own.

    Args:
        tls: `none`, `starttls`, or `tls` from the first byte.
    """

    def __init__(self, host: str, port: int, *, username: str, password: str, tls: Tls, seconds: float = 20.0) -> None:
        self._server: Callable[[], SMTP] = lambda: SMTP(
            hostname=host,
            port=port,
            username=username or None,
            password=password or None,
            use_tls=tls == "tls",
            start_tls=tls == "starttls",
            timeout=seconds,
        )

    async def send(self, message: EmailMessage, *, otherwise: str, claim: Claim) -> None:
        """Send one mail to all that it names, and to `otherwise` as well when one of them is refused for good.

        Raises:
            Retry: the server asks to try later; nobody has the mail.
            Reject: nobody is accepted, or the mail is not.
            Unavailable: the server cannot be reached, or said nothing after it had got the mail.
        """
        server = self._server()
        try:
            await server.connect()
        except (SMTPException, OSError) as error:
            raise Unavailable(untouched=True) from error
        async with server:
            await _offer(server, message, otherwise)
            await claim()
            await _deliver(server, message.as_bytes(policy=SMTP_POLICY))


async def _offer(server: SMTP, message: EmailMessage, otherwise: str) -> None:
    try:
        await server.mail(message["From"].addresses[0].addr_spec)
        accepted = [await _accepts(server, to.addr_spec) for to in message["To"].addresses]
        if not all(accepted):
            accepted.append(await _accepts(server, otherwise))
    except SMTPResponseException as refusal:
        raise _refused(refusal) from refusal
    except (SMTPException, OSError) as error:
        raise Unavailable(untouched=True) from error
    if not any(accepted):
        raise Reject("The mail server refuses every recipient, the HR mailbox too. Mend EMS_HR_MAILBOX, then release.")


async def _accepts(server: SMTP, recipient: str) -> bool:
    try:
        await server.rcpt(recipient)
    except SMTPRecipientRefused as refusal:
        if refusal.code < _FOR_GOOD:
            raise
        return False
    return True


async def _deliver(server: SMTP, content: bytes) -> None:
    try:
        await server.data(content)
    except SMTPDataError as refusal:
        raise _refused(refusal) from refusal
    except (SMTPException, OSError) as error:
        raise Unavailable from error


def _refused(refusal: SMTPResponseException) -> Exception:
    if refusal.code in _DOWN:
        return Unavailable(untouched=True)
    if refusal.code < _FOR_GOOD:
        return Retry(f"The mail server asks to try later ({refusal.code}).")
    return Reject(f"The mail server refuses the mail ({refusal.code}). Mend the cause, then release it.")
