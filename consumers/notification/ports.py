"""What the Notification service needs from the world."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from choreography import ChoreographyError

ADDRESS: Final = re.compile(r"[^\x00-\x20\x7f-\U0010ffff@<>()\[\]\\,:;\"]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
"""What can be written to without extensions of SMTP: one address, nothing around it."""


class RecipientRefused(ChoreographyError):  # noqa: N818 - an answer of the mail system, not a failure
    """This address can never be written to; nothing was sent."""


@dataclass(frozen=True)
class Letter:
    """A mail: the same letter is always the same bytes.

    Attributes:
        key: identifies it; its Message-ID is made from it.
        date: when what it tells happened.
        answers: the Message-ID of the mail that it continues.
    """

    key: UUID
    to_name: str
    to_address: str
    subject: str
    text: str
    html: str
    date: datetime
    answers: str | None = None


class Mailer(Protocol):
    """What sends mail."""

    async def send(self, letter: Letter, *, claim: Callable[[], Awaitable[None]]) -> str:
        """Send it, calling `claim` just before it cannot be taken back, and return its Message-ID.

        Raises:
            RecipientRefused: the address is refused for good.
        """
        ...


class Person(Protocol):
    """Somebody in the directory."""

    @property
    def id(self) -> str: ...  # noqa: D102 - the directory's own id
    @property
    def employee_id(self) -> str: ...  # noqa: D102 - the id by which events name people
    @property
    def display_name(self) -> str: ...  # noqa: D102
    @property
    def mail(self) -> str | None: ...  # noqa: D102
    @property
    def active(self) -> bool: ...  # noqa: D102
    @property
    def manager_scim_id(self) -> str | None: ...  # noqa: D102 - the directory's own id of the manager


class People(Protocol):
    """The company's directory, as it stands now."""

    async def with_employee_id(self, employee_id: str) -> Sequence[Person]:
        """Return everybody with exactly this id."""
        ...

    async def manager_of(self, person: Person) -> Person | None:
        """Return the person's manager, active or not."""
        ...


@dataclass(frozen=True)
class Ports:
    """The ports of this service, and the address of HR as a whole."""

    mailer: Mailer
    people: People
    hr_mailbox: str
