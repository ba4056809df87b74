"""Who appears in a story: the one who resigns, and those around."""

from dataclasses import dataclass
from typing import Self

from infra.sandbox import company
from infra.sandbox.people import Person


@dataclass(frozen=True)
class Cast:
    """The people of one resignation.

    Attributes:
        critical: the critical groups of the leaver.
    """

    leaver: Person
    manager: Person
    partner: Person
    critical: tuple[str, ...]

    @classmethod
    def around(cls, employee_id: str) -> Self:
        """Return who is concerned when this employee resigns."""
        leaver = company.person(employee_id)
        return cls(
            leaver=leaver,
            manager=company.person(leaver.manager or ""),
            partner=company.hr_partner_of(leaver),
            critical=tuple(sorted(company.critical_groups_of(employee_id))),
        )
