"""Run the HR service: `python -m consumers.hr`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import holidays.countries  # noqa: F401 - takes half a second, which the first resignation would have to wait

from choreography import run
from consumers.hr.caldav import CalDavCalendar
from consumers.hr.letter import TEMPLATES, every_line, every_mail
from consumers.hr.ports import Mailbox, Ports
from consumers.hr.service import service
from consumers.hr.settings import Settings
from consumers.hr.slots import Promises
from consumers.shared.directory import ScimPeople
from consumers.shared.letters import open_letters
from consumers.shared.mail import open_mailer


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Open the directory, the calendars and the mailer, with templates that are known to be whole."""
    letters = open_letters(
        TEMPLATES,
        settings.mail_templates,
        mails=every_mail(),
        lines=every_line(),
        sender=settings.mail_from,
        domain=settings.mail_domain,
        hr_language=settings.hr_language,
    )
    async with (
        open_mailer(settings, service.group) as mailer,
        ScimPeople(settings.scim_url, settings.scim_token.get_secret_value()) as people,
        CalDavCalendar(
            settings.caldav_url,
            username=settings.caldav_username,
            password=settings.caldav_password.get_secret_value(),
            calendar=settings.caldav_calendar,
            principal=settings.caldav_principal,
            who=people.with_employee_id,
        ) as calendar,
    ):
        yield Ports(
            people=people,
            calendar=calendar,
            mailer=mailer,
            sent_mail=mailer.sent_mail,
            letters=letters,
            hr=Mailbox(settings.hr_mailbox, settings.hr_language),
            promised=Promises(),
            company_zone=settings.time_zone,
        )


if __name__ == "__main__":
    run(service, open_ports, Settings)
