"""What the HR service is told by its environment."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr

from consumers.hr.caldav.settings import CalDavSettings
from consumers.shared.mail import MailSettings


def _zone(name: str) -> str:
    if name not in available_timezones() - {"localtime", "Factory"}:  # which are no zones of the world
        raise ValueError("must be an IANA time zone such as Europe/Berlin, the same as EMS has")
    return name


class Settings(CalDavSettings, MailSettings):
    """Directory and calendars, on top of what every service that sends mail is told.

    Attributes:
        time_zone: what EMS fills in where a resignation names no time zone.
    """

    scim_url: str = Field(default=..., pattern="^https?://")
    scim_token: SecretStr = Field(default=...)
    time_zone: Annotated[str, AfterValidator(_zone)]
