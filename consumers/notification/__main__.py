"""Run the Notification service: `python -m consumers.notification`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from choreography import run
from consumers.notification.ports import Ports
from consumers.notification.service import service
from consumers.notification.settings import Settings
from consumers.notification.smtp import SmtpMailer
from consumers.people import ScimPeople


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the directory; mail connections are opened as they are needed."""
    mailer = SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        domain=settings.mail_domain,
        tls=settings.smtp_tls,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
    )
    async with ScimPeople(settings.scim_url, settings.scim_token.get_secret_value()) as people:
        yield Ports(mailer=mailer, people=people, hr_mailbox=settings.hr_mailbox)


if __name__ == "__main__":
    run(service, open_ports, Settings)
