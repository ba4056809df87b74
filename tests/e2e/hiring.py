"""New people for a test of its own, hired by SCIM and CalDAV as the company's own systems would do it."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Final

import httpx2

from infra.endpoints import Endpoints
from infra.sandbox.people import PEOPLE, Person
from infra.sandbox.probes import Directory
from infra.sandbox.seed import user

CRITICAL: Final = ("customer-data", "payments-approvers")
HARMLESS: Final = ("book-club",)
_SCIM: Final = {"Content-Type": "application/scim+json"}
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_LIKE: Final = next(one for one in PEOPLE if one.employee_id == "E1014")
_PARTNER: Final = next(one for one in PEOPLE if one.employee_id == "E1008")
_FIRST: Final = 5001


class Hiring:
    """Brings people into the company; each has an id, a name and a mail address that nobody else has."""

    def __init__(self, where: Endpoints) -> None:
        self._scim = httpx2.Client(
            base_url=where.scim, headers={"Authorization": f"Bearer {where.scim_token}"}, timeout=10
        )
        self._caldav = httpx2.Client(base_url=where.caldav, timeout=10)
        with Directory(where.scim, where.scim_token) as directory:
            known = directory.accounts()
            self._groups = {group.name: group.id for group in directory.groups().values()}
        self._ids = {one.user_name: one.id for one in known}
        self._numbers = count(_FIRST + sum(one.employee_id > f"E{_FIRST}" for one in known))

    def close(self) -> None:
        """Close the connections."""
        self._scim.close()
        self._caldav.close()

    def employees(self, how_many: int, groups: Iterable[str] = (*CRITICAL, *HARMLESS)) -> list[Person]:
        """Hire people who report to Julia Neumann, and put them into groups."""
        people = [self._hire(_LIKE, "Leaver") for _ in range(how_many)]
        for group in groups:
            self.enter(group, people)
        return people

    def hr_partner(self) -> Person:
        """Hire an HR partner whose calendar is empty."""
        person = self._hire(_PARTNER, "Partner")
        self.open_calendar(person)
        return person

    def hire(self, person: Person, *, manager: Person | None = None, **more: object) -> Person:
        """Hire exactly this person; `manager` was hired before, and `more` is said about the account."""
        account = user(person, self._ids) | more
        if manager is not None:
            known = {"value": self._ids[manager.mail], "displayName": manager.name}
            account[_ENTERPRISE] = account[_ENTERPRISE] | {"manager": known}
        answer = self._scim.post("/Users", json=account, headers=_SCIM).raise_for_status()
        self._ids[person.mail] = answer.json()["id"]
        return person

    def found(self, group: str, people: Iterable[Person]) -> None:
        """Make a new group of people."""
        founded = {"schemas": [_GROUP], "displayName": group, "members": self._members(people)}
        answer = self._scim.post("/Groups", json=founded, headers=_SCIM).raise_for_status()
        self._groups[group] = answer.json()["id"]

    def open_calendar(self, person: Person) -> None:
        """Give somebody an empty calendar."""
        for method, path in (("MKCOL", f"/{person.employee_id}/"), ("MKCALENDAR", f"/{person.employee_id}/calendar/")):
            self._caldav.request(method, path).raise_for_status()

    def _hire(self, like: Person, family_name: str) -> Person:
        number = next(self._numbers)
        return self.hire(
            replace(like, employee_id=f"E{number}", given_name="Robin", family_name=f"{family_name} {number}")
        )

    def enter(self, group: str, people: Iterable[Person]) -> None:
        """Put people into a group, each with the display name."""
        members = self._members(people)
        change = {"schemas": [_PATCH], "Operations": [{"op": "add", "path": "members", "value": members}]}
        self._scim.patch(f"/Groups/{self._groups[group]}", json=change, headers=_SCIM).raise_for_status()

    def _members(self, people: Iterable[Person]) -> list[dict[str, str]]:
        return [{"value": self._ids[one.mail], "display": one.name, "type": "User"} for one in people]
