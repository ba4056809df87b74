"""A person, as the directory knows one at this moment.

Read tolerantly (RFC 7643 §4.1 and §4.3): attributes that are missing, unknown, null or of another kind do no harm, and
a mail address is taken as it stands, since companies have addresses such as `ana@corp.local` that a strict reader
refuses. A manager is also understood where servers write nothing but the id.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from consumers.shared.directory.client import attribute, text

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Person:
    """Somebody in the directory.

    Attributes:
        id: the directory's own id of the person.
        employee_id: the `externalId`, else the `employeeNumber`, by which events name people; empty where the
            directory has neither.
        display_name: what to call the person in a text; falls back to given and family name, then the user name.
        mail: the primary address, else the one for work, else the first.
        user_name: by which the person signs in.
        active: `False` only where the directory says so.
        preferred_language: such as `de-AT`.
        time_zone: IANA name.
        country: where the person works, by ISO 3166-1 alpha-2.
        manager_scim_id: the directory's id of the manager.
        mails: every address.
    """

    id: str
    employee_id: str
    display_name: str
    active: bool = True
    mail: str | None = None
    user_name: str | None = None
    employee_number: str | None = None
    preferred_language: str | None = None
    time_zone: str | None = None
    country: str | None = None
    manager_scim_id: str | None = None
    division: str | None = None
    mails: tuple[str, ...] = ()

    @classmethod
    def from_scim(cls, resource: dict[str, Any]) -> Self:
        """Read a User resource.

        Raises:
            ValueError: it has no id, without which nobody can be told from anybody.
        """
        work, its_id = attribute(resource, ENTERPRISE), text(attribute(resource, "id"))
        if not its_id:
            raise ValueError("somebody without an id is nobody in particular")
        number = text(attribute(work, "employeeNumber"))
        return cls(
            id=its_id,
            employee_id=text(attribute(resource, "externalId")) or number or "",
            display_name=_called(resource) or its_id,
            active=str(attribute(resource, "active")).lower() != "false",
            mail=next(iter(_mails(resource, best_first=True)), None),
            user_name=text(attribute(resource, "userName")),
            employee_number=number,
            preferred_language=text(attribute(resource, "preferredLanguage")),
            time_zone=text(attribute(resource, "timezone")),
            country=_country(resource),
            manager_scim_id=_manager(attribute(work, "manager")),
            division=text(attribute(work, "division")),
            mails=_mails(resource),
        )


class Managed(Protocol):
    """Somebody who may have a manager, in whatever form a service knows people."""

    @property
    def id(self) -> str:
        """The directory's own id of the person."""
        ...

    @property
    def manager_scim_id(self) -> str | None:
        """The directory's id of the manager."""
        ...


class Placed(Protocol):
    """Somebody who may belong to a division."""

    @property
    def id(self) -> str:
        """The directory's own id of the person."""
        ...

    @property
    def division(self) -> str | None:
        """The division, by which HR divides its work."""
        ...


def _called(resource: dict[str, Any]) -> str | None:
    name = attribute(resource, "name")
    parts = [text(attribute(name, part)) for part in ("givenName", "familyName")]
    written = text(attribute(name, "formatted")) or " ".join(part for part in parts if part)
    return text(attribute(resource, "displayName")) or written or text(attribute(resource, "userName"))


def _mails(resource: dict[str, Any], *, best_first: bool = False) -> tuple[str, ...]:
    said = attribute(resource, "emails")
    mails = [one if isinstance(one, dict) else {"value": one} for one in said] if isinstance(said, list) else []
    if best_first:
        mails.sort(key=lambda one: (attribute(one, "primary") is not True, attribute(one, "type") != "work"))
    return tuple(value for one in mails if isinstance(value := attribute(one, "value"), str) and value)


def _country(resource: dict[str, Any]) -> str | None:
    """Return the country of the address for work, else of any but the one at home."""
    said = attribute(resource, "addresses")
    known = [one for one in said if text(attribute(one, "country"))] if isinstance(said, list) else []
    known = [one for one in known if attribute(one, "type") != "home"]
    known.sort(key=lambda one: (attribute(one, "type") != "work", attribute(one, "primary") is not True))
    return text(attribute(known[0], "country")) if known else None


def _manager(said: object) -> str | None:
    """Return the manager's id, which some servers write alone, and some only as the end of an address."""
    value = text(said) or text(attribute(said, "value"))
    return value or (text(attribute(said, "$ref")) or "").rstrip("/").rpartition("/")[2] or None
