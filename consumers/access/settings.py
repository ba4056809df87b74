"""What Access is told by its environment."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from choreography import ServiceSettings


def _listed(value: object) -> object:
    """Read names joined by commas; blanks around them do not count."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(ServiceSettings):
    """The settings of Access.

    Attributes:
        scim_url: base address of the directory, to which `/Users` and `/Groups` are appended.
        scim_token: bearer token; it must be allowed to read users and to change the members of groups.
        scim_system: the directory's name in facts.
        critical_groups: display names of the groups that are taken away, joined by commas; each must be unique.
        protected_accounts: employee ids of break-glass accounts, which are never touched, joined by commas.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    scim_url: str = Field(default=..., min_length=1)
    scim_token: SecretStr = Field(default=...)
    scim_system: str = Field(default="scim", min_length=1)
    critical_groups: Names = Field(default=..., min_length=1)
    protected_accounts: Names = ()
