"""Where the directory is, for every service that asks it."""

from pydantic import Field, SecretStr

from choreography import ServiceSettings


class DirectorySettings(ServiceSettings):
    """The settings of the directory.

    Attributes:
        scim_url: base address of the directory, to which `/Users` and `/Groups` are appended.
        scim_token: bearer token; who changes groups must be allowed to, reading is enough for the others.
    """

    scim_url: str = Field(default=..., pattern=r"^https?://[^/?#\s]+")
    scim_token: SecretStr = Field(default=...)
