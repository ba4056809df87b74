"""Opening a mailer from a service's settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from choreography import InvalidSettings, SystemClock, Unavailable, open_locks
from consumers.shared.mail.imap import ImapSentMail, LookUpRefused
from consumers.shared.mail.mailer import Ambiguous, SmtpMailer
from consumers.shared.mail.settings import MailSettings
from consumers.shared.mail.smtp import SmtpServer
from consumers.shared.mail.turns import Turns

log = structlog.stdlib.get_logger(__name__)


@asynccontextmanager
async def open_mailer(settings: MailSettings, group: str) -> AsyncIterator[SmtpMailer]:
    """Open the mailer of a group; its locks are where its database is, mail connections are opened as needed.

    Raises:
        InvalidSettings: the IMAP server refuses what it is told, so no mail in doubt would ever be found.
    """
    clock = SystemClock()
    sent_mail = await _tried(settings) if settings.ambiguous is Ambiguous.LOOKUP else None
    server = SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        domain=settings.mail_domain,
        tls=settings.smtp_tls,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
    )
    async with open_locks(settings.database_for(group), clock) as locks, Turns(locks, clock) as turns:
        yield SmtpMailer(
            server,
            turns,
            clock,
            ambiguous=settings.ambiguous,
            sent_mail=sent_mail,
            settle=timedelta(seconds=settings.mail_settle),
        )


async def _tried(settings: MailSettings) -> ImapSentMail:
    """Return where sent mail is looked up, once it was asked: else only the first mail in doubt shows what is wrong."""
    sent_mail = ImapSentMail(
        settings.imap_host,
        settings.imap_port,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
        tls=settings.imap_tls,
    )
    try:
        await sent_mail.probe()
    except LookUpRefused as refusal:
        reason = (
            f"{refusal.settings}: the IMAP server refuses it, so no mail that may have been sent could be looked up. "
            "Mend the setting, or choose EMS_MAIL_AMBIGUOUS=resend or hold."
        )
        raise InvalidSettings((reason,)) from refusal
    except Unavailable as error:
        reason = "the IMAP server cannot be asked; a mail that may have been sent waits until it can"
        log.warning("sent_mail.unavailable", reason=reason, error=type(error.__cause__).__name__)
    return sent_mail
