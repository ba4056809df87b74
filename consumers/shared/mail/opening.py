"""Opening a mailer from a service's settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

from pydantic import SecretStr

from choreography import InvalidSettings, SystemClock, open_locks
from consumers.shared.mail.imap import ImapSentMail
from consumers.shared.mail.mailer import Ambiguous, SmtpMailer
from consumers.shared.mail.smtp import SmtpServer, Tls
from consumers.shared.mail.turns import Turns


class MailSettings(Protocol):
    """The settings that a service which sends mail has; `docs/settings.md` says what they mean."""

    @property
    def smtp_host(self) -> str: ...  # noqa: D102
    @property
    def smtp_port(self) -> int: ...  # noqa: D102
    @property
    def smtp_username(self) -> str: ...  # noqa: D102
    @property
    def smtp_password(self) -> SecretStr: ...  # noqa: D102
    @property
    def smtp_tls(self) -> Tls: ...  # noqa: D102
    @property
    def mail_from(self) -> str: ...  # noqa: D102
    @property
    def mail_domain(self) -> str: ...  # noqa: D102
    @property
    def mail_ambiguous(self) -> str | None: ...  # noqa: D102
    @property
    def mail_settle(self) -> float: ...  # noqa: D102
    @property
    def imap_host(self) -> str: ...  # noqa: D102
    @property
    def imap_port(self) -> int: ...  # noqa: D102
    @property
    def imap_username(self) -> str: ...  # noqa: D102
    @property
    def imap_password(self) -> SecretStr: ...  # noqa: D102
    @property
    def imap_folder(self) -> str: ...  # noqa: D102
    @property
    def imap_tls(self) -> Tls: ...  # noqa: D102

    def database_for(self, name: str) -> str:
        """Return the address of the database of the group called `name`."""
        ...


@asynccontextmanager
async def open_mailer(settings: MailSettings, group: str) -> AsyncIterator[SmtpMailer]:
    """Open the mailer of a group; its locks are where its database is, mail connections are opened as needed.

    Raises:
        InvalidSettings: the policy wants a look-up, and nothing says where.
    """
    clock = SystemClock()
    ambiguous = policy_of(settings)
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
            ambiguous=ambiguous,
            sent_mail=_sent_mail(settings) if ambiguous is Ambiguous.LOOKUP else None,
            settle=timedelta(seconds=settings.mail_settle),
        )


def policy_of(settings: MailSettings) -> Ambiguous:
    """Return the policy that is set; else *lookup* where it is known where to look, and *resend* where it is not.

    Raises:
        InvalidSettings: it cannot be followed.
    """
    if settings.mail_ambiguous is None:
        return Ambiguous.LOOKUP if settings.imap_host else Ambiguous.RESEND
    if settings.mail_ambiguous == Ambiguous.LOOKUP and not settings.imap_host:
        reason = "EMS_MAIL_AMBIGUOUS=lookup asks an IMAP server: set EMS_IMAP_HOST, or choose resend or hold."
        raise InvalidSettings((reason,))
    return Ambiguous(settings.mail_ambiguous)


def _sent_mail(settings: MailSettings) -> ImapSentMail:
    return ImapSentMail(
        settings.imap_host,
        settings.imap_port,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
        tls=settings.imap_tls,
    )
