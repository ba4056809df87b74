"""Run the Notification service: `python -m consumers.notification`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from choreography import run
from consumers.notification.examples import TEMPLATES, every_mail
from consumers.notification.ports import Mailboxes, Ports
from consumers.notification.service import service
from consumers.notification.settings import Settings
from consumers.shared.directory import ScimPeople
from consumers.shared.letters import open_letters
from consumers.shared.mail import open_mailer


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the directory and the mailer, with templates that are known to be whole."""
    letters = open_letters(
        TEMPLATES,
        settings.mail_templates,
        mails=every_mail(),
        sender=settings.mail_from,
        domain=settings.mail_domain,
        hr_language=settings.hr_language,
    )
    async with (
        open_mailer(settings, service.group) as mailer,
        ScimPeople(settings.scim_url, settings.scim_token.get_secret_value()) as people,
    ):
        yield Ports(
            mailer=mailer,
            sent_mail=mailer.sent_mail,
            people=people,
            mailboxes=Mailboxes(
                settings.hr_mailbox, settings.security_mailbox or settings.hr_mailbox, settings.hr_language
            ),
            letters=letters,
        )


if __name__ == "__main__":
    run(service, open_ports, Settings)
