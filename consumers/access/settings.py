"""What Access is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from choreography import ServiceSettings
from consumers.access.policy import Policy, read_policy


def _read(value: object) -> object:
    """Read the policy that the path leads to."""
    return read_policy(Path(value)) if isinstance(value, str) and value else value


class Settings(ServiceSettings):
    """The settings of Access.

    Attributes:
        scim_url: base address of the directory, to which `/Users` and `/Groups` are appended.
        scim_token: bearer token; it must be allowed to read users and to change the members of groups.
        scim_system: the directory's name in facts.
        access_policy: says which groups are critical and who is never touched; the path of a YAML file.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    scim_url: str = Field(default=..., min_length=1)
    scim_token: SecretStr = Field(default=...)
    scim_system: str = Field(default="scim", min_length=1)
    access_policy: Annotated[Policy, NoDecode, BeforeValidator(_read)] = Field(default=...)
