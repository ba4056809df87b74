"""A person, as the directory knows one at this moment.

Read tolerantly (RFC 7643 §4.1 and §4.3): attributes that are missing, unknown or null do no harm, and a mail address
is taken as it stands, since companies have addresses such as `ana@corp.local` that a strict reader refuses.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

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
        active: `False` only where the directory says so.
        preferred_language: such as `de-AT`.
        time_zone: IANA name.
        manager_scim_id: the directory's id of the manager.
        user_type: such as `Employee` or `Contractor`.
        mails: every address.
    """

    id: str
    employee_id: str
    display_name: str
    active: bool = True
    mail: str | None = None
    given_name: str | None = None
    employee_number: str | None = None
    preferred_language: str | None = None
    time_zone: str | None = None
    manager_scim_id: str | None = None
    organization: str | None = None
    division: str | None = None
    department: str | None = None
    user_type: str | None = None
    mails: tuple[str, ...] = ()

    @classmethod
    def from_scim(cls, resource: dict[str, Any]) -> Self:
        """Read a User resource.

        Raises:
            pydantic.ValidationError: this is not a User.
        """
        user = _User.model_validate(resource)
        work = user.enterprise
        return cls(
            id=user.id,
            employee_id=user.external_id or work.employee_number or "",
            display_name=user.display_name or user.name.full or user.user_name or user.id,
            active=user.active,
            mail=user.mail,
            given_name=user.name.given_name,
            employee_number=work.employee_number,
            preferred_language=user.preferred_language,
            time_zone=user.timezone,
            manager_scim_id=work.manager.value or None,
            organization=work.organization,
            division=work.division,
            department=work.department,
            user_type=user.user_type,
            mails=tuple(one.value for one in user.emails or () if one.value),
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


class _Scim(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        validate_by_name=True,
        validate_by_alias=True,
        alias_generator=to_camel,
        hide_input_in_errors=True,
    )


class _Name(_Scim):
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None

    @property
    def full(self) -> str:
        return self.formatted or " ".join(part for part in (self.given_name, self.family_name) if part)


class _Email(_Scim):
    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class _Manager(_Scim):
    value: str | None = None


def _or_empty(value: object) -> object:
    return {} if value is None else value


class _Enterprise(_Scim):
    employee_number: str | None = None
    organization: str | None = None
    division: str | None = None
    department: str | None = None
    manager: Annotated[_Manager, BeforeValidator(_or_empty)] = _Manager()


class _User(_Scim):
    id: str = Field(min_length=1)
    external_id: str | None = None
    user_name: str | None = None
    display_name: str | None = None
    name: Annotated[_Name, BeforeValidator(_or_empty)] = _Name()
    active: Annotated[bool, BeforeValidator(lambda value: value is None or value)] = True
    emails: tuple[_Email, ...] | None = None
    preferred_language: str | None = None
    timezone: str | None = None
    user_type: str | None = None
    enterprise: Annotated[_Enterprise, BeforeValidator(_or_empty)] = Field(default=_Enterprise(), alias=ENTERPRISE)

    @property
    def mail(self) -> str | None:
        usable = [email for email in self.emails or () if email.value]
        usable.sort(key=lambda email: (not email.primary, email.type != "work"))
        return usable[0].value if usable else None
