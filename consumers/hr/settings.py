"""What the HR service is told by its environment."""

from typing import Annotated, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from consumers.hr.caldav.settings import CalDavSettings

_ADDRESS: Final = r"^[^@\s<>,;]+@[^@\s<>,;]+$"  # one address, without a name


def _zone(name: str) -> str:
    if name not in available_timezones() - {"localtime", "Factory"}:  # which are no zones of the world
        raise ValueError("must be an IANA time zone such as Europe/Berlin, the same as EMS has")
    return name


class Settings(CalDavSettings):
    """The settings of this service; every variable begins with `EMS_`.

    Attributes:
        mail_domain: the right-hand side of a Message-ID.
        mail_ambiguous: what to do about a mail that may have been sent: look it up, send it again, or ask a person; by
            default the first where there is an IMAP server, else the second.
        mail_settle: the seconds after which a mail that was accepted can be looked up.
        imap_folder: where a copy of every mail that was sent lies.
        time_zone: what EMS fills in where a resignation names no time zone.
        hr_mailbox: who is told when an interview cannot be booked, or somebody cannot be reached.
        hr_language: the language of mails to HR as a whole, and of the entries in HR's calendars.
        mail_templates: a folder with the company's own templates.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    scim_url: str = Field(default=..., pattern="^https?://")
    scim_token: SecretStr = Field(default=...)
    smtp_host: str = Field(default=..., min_length=1)
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    mail_from: str = Field(default=..., pattern=_ADDRESS)
    mail_domain: str = Field(default=..., pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")
    mail_ambiguous: Literal["lookup", "resend", "hold"] | None = None
    mail_settle: float = Field(default=60.0, ge=0)
    imap_host: str = ""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field(default="INBOX", min_length=1)
    imap_tls: Literal["none", "starttls", "tls"] = "tls"
    time_zone: Annotated[str, AfterValidator(_zone)]
    hr_mailbox: str = Field(default=..., pattern=_ADDRESS)
    hr_language: Literal["en", "de"] = "en"
    mail_templates: str = ""
