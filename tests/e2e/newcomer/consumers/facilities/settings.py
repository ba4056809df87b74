"""What Facilities is told by its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from choreography import ServiceSettings


class Settings(ServiceSettings):
    """The settings of Facilities.

    Attributes:
        desk_url: where the service desk takes tickets.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    desk_url: str = Field(default=..., min_length=1)
