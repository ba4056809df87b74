"""What Access is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from consumers.access.policy import Policy, read_policy
from consumers.shared.directory import DirectorySettings


def _read(value: object) -> object:
    """Read the policy that the path leads to."""
    return read_policy(Path(value)) if isinstance(value, str) and value else value


class Settings(DirectorySettings):
    """The settings of Access.

    Attributes:
        scim_system: the directory's name in facts.
        access_policy: says which groups are critical and who is never touched; the path of a YAML file.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    scim_system: str = Field(default="scim", min_length=1)
    access_policy: Annotated[Policy, NoDecode, BeforeValidator(_read)] = Field(default=...)
