"""Doubles that the tests of several services share: people, their directory, and what Notification is given."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from consumers.notification.examples import TEMPLATES
from consumers.notification.ports import Mailboxes, Mailer, People, Ports
from consumers.shared.directory import Person
from consumers.shared.letters import Letters, Templates

SENDER: Final = "ems@example.com"
HR: Final = "hr@example.com"
SECURITY: Final = "security@example.com"
DOMAIN: Final = "mail.example.com"


def someone(name: str, manager: str | None = None, **differs: Any) -> Person:
    """Return a person who is known by this name everywhere; the manager is another such name."""
    known = Person(f"scim-{name}", name, name.title(), mail=f"{name}@example.com")
    return replace(known, manager_scim_id=manager and f"scim-{manager}", **differs)


class Directory:
    """People, and whom the directory calls the HR partners of everybody: one, and others where there are any."""

    def __init__(self, *people: Person, partner: Person | None = None) -> None:
        self.people, self.partner = list(people), partner
        self.others: list[Person] = []

    async def with_employee_id(self, employee_id: str) -> list[Person]:
        return [one for one in self.people if one.employee_id == employee_id]

    async def manager_of(self, person: Person) -> Person | None:
        return next((one for one in self.people if one.id == person.manager_scim_id), None)

    async def hr_partners_of(self, person: Person) -> list[Person]:
        return [one for one in (self.partner, *self.others) if one is not None]


def letters(folder: str = "", *, domain: str = DOMAIN) -> Letters:
    """Return what writes Notification's mails; `folder` holds templates of the company's own."""
    return Letters(Templates(TEMPLATES, Path(folder) if folder else None), sender=SENDER, domain=domain)


def notification_ports(
    mailer: Mailer,
    people: People,
    *,
    hr: str = HR,
    security: str = SECURITY,
    hr_language: str = "en",
    written_by: Letters | None = None,
) -> Ports:
    """Return what Notification is given."""
    mailboxes = Mailboxes(hr, security, hr_language)
    return Ports(mailer=mailer, sent_mail=None, people=people, mailboxes=mailboxes, letters=written_by or letters())
