"""A person's account, as far as Access looks at one: what can be read is, and what is odd is as if it were missing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from consumers.access.scim.group import version_of
from consumers.shared.directory.client import Resource, attribute, text
from consumers.shared.directory.person import ENTERPRISE


@dataclass(frozen=True)
class Account:
    """A SCIM User.

    Attributes:
        location: its address, by which some servers name it among the members of a group.
        groups: the groups that it says to be in itself, not by way of another group.
        groups_above: the groups that it says to be in by way of another group.
    """

    id: str
    external_id: str | None = None
    employee_number: str | None = None
    user_name: str | None = None
    display_name: str | None = None
    formatted: str | None = None
    active: bool | None = None
    groups: frozenset[str] = frozenset()
    groups_above: frozenset[str] = frozenset()
    location: str | None = None
    version: str | None = None


def account_of(resource: Resource) -> Account:
    """Read a User resource."""
    said = attribute(resource, "groups")
    groups = [(text(attribute(one, "value")), attribute(one, "type")) for one in said] if isinstance(said, list) else []
    return Account(
        id=text(attribute(resource, "id")) or "",
        external_id=text(attribute(resource, "externalId")),
        employee_number=text(attribute(attribute(resource, ENTERPRISE), "employeeNumber")),
        user_name=text(attribute(resource, "userName")),
        display_name=text(attribute(resource, "displayName")),
        formatted=text(attribute(attribute(resource, "name"), "formatted")),
        active=_truth(attribute(resource, "active")),
        groups=frozenset(value for value, kind in groups if value and kind != "indirect"),
        groups_above=frozenset(value for value, kind in groups if value and kind == "indirect"),
        location=text(attribute(attribute(resource, "meta"), "location")),
        version=version_of(resource),
    )


def _truth(said: object) -> bool | None:
    return {"true": True, "false": False}.get(str(said).lower())


@dataclass(frozen=True)
class KnownBy:
    """The attribute of an account that holds the employee id.

    Attributes:
        path: how a filter names it.
        of: reads it.
    """

    path: str
    of: Callable[[Account], str | None]


EXTERNAL_ID: Final = KnownBy("externalId", lambda account: account.external_id)
EMPLOYEE_NUMBER: Final = KnownBy(f"{ENTERPRISE}:employeeNumber", lambda account: account.employee_number)


def known_by(name: str) -> KnownBy:
    """Return the attribute by its name in a policy."""
    return {"externalId": EXTERNAL_ID, "employeeNumber": EMPLOYEE_NUMBER}[name]
