"""Opening a mailer from a service's settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from choreography import SystemClock, open_locks
from consumers.shared.mail.imap import ImapSentMail
from consumers.shared.mail.mailer import Ambiguous, SmtpMailer
from consumers.shared.mail.settings import MailSettings
from consumers.shared.mail.smtp import SmtpServer
from consumers.shared.mail.turns import Turns


@asynccontextmanager
async def open_mailer(settings: MailSettings, group: str) -> AsyncIterator[SmtpMailer]:
    """Open the mailer of a group; its locks are where its database is, mail connections are opened as needed."""
    clock = SystemClock()
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
            sent_mail=_sent_mail(settings) if settings.ambiguous is Ambiguous.LOOKUP else None,
            settle=timedelta(seconds=settings.mail_settle),
        )


def _sent_mail(settings: MailSettings) -> ImapSentMail:
    return ImapSentMail(
        settings.imap_host,
        settings.imap_port,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
        tls=settings.imap_tls,
    )
