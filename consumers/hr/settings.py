"""What the HR service is told by its environment."""

from pydantic import Field, SecretStr

from consumers.shared.mail import MailSettings


class Settings(MailSettings):
    """Directory and calendars, on top of what every service that sends mail is told.

    Attributes:
        caldav_url: `{caldav_url}/{employee id}/calendar/` is the calendar of a person.
        time_zone: what EMS fills in where a resignation names no time zone.
    """

    scim_url: str = Field(default=..., pattern="^https?://")
    scim_token: SecretStr = Field(default=...)
    caldav_url: str = Field(default=..., pattern="^https?://")
    caldav_username: str = ""
    caldav_password: SecretStr = SecretStr("")
    time_zone: str = ""
