"""A person's account, as far as Access looks at one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scim2_models import URN, AnyExtension, EnterpriseUser, GroupMembership, Name, Resource

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER: Final = URN("urn:ietf:params:scim:schemas:core:2.0:User")


class AccountWith(Resource[AnyExtension]):
    """A SCIM User, as far as Access looks at one."""

    __schema__ = USER

    user_name: str | None = None
    display_name: str | None = None
    active: bool | None = None
    name: Name | None = None
    groups: list[GroupMembership] | None = None

    @property
    def location(self) -> str | None:
        """Its address, by which some servers name it among the members of a group."""
        return self.meta.location if self.meta else None

    @property
    def employee_number(self) -> str | None:
        """The `employeeNumber` of the Enterprise User."""
        extension = self[EnterpriseUser]
        return extension.employee_number if extension else None


Account = AccountWith[EnterpriseUser]


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


def known_by(attribute: str) -> KnownBy:
    """Return the attribute by its name in a policy."""
    return {"externalId": EXTERNAL_ID, "employeeNumber": EMPLOYEE_NUMBER}[attribute]
