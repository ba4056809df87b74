"""What the Notification service is told by its environment."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_settings import SettingsConfigDict

from choreography import ServiceSettings
from consumers.notification.ports import ADDRESS


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise ValueError("this is not one mail address without a name, such as hr@example.com")
    return text


MailAddress = Annotated[str, AfterValidator(_address)]


class Settings(ServiceSettings):
    """Mail system and directory, on top of what every service is told.

    Attributes:
        smtp_tls: `starttls` upgrades a plain connection, `tls` begins encrypted, `none` is for a mail system on the
            same machine.
        mail_from: the sender's address.
        mail_domain: the right-hand side of a Message-ID.
        mail_ambiguous: what to do about a mail that may have been sent: look it up, send it again, or ask a person; by
            default the first where there is an IMAP server, else the second.
        mail_settle: the seconds after which a mail that was accepted can be looked up.
        imap_folder: where a copy of every mail that was sent lies.
        hr_mailbox: the address of HR as a whole.
        hr_language: the language of mails to HR as a whole, and to security.
        security_mailbox: whoever looks after access; by default HR.
        mail_templates: a folder with the company's own templates.
        scim_url: the base address, to which `/Users` is appended.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    smtp_host: str = Field(default=..., min_length=1)
    smtp_port: int = Field(default=587, gt=0, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    mail_from: MailAddress
    mail_domain: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
    mail_ambiguous: Literal["lookup", "resend", "hold"] | None = None
    mail_settle: float = Field(default=60.0, ge=0)
    imap_host: str = ""
    imap_port: int = Field(default=993, gt=0, le=65535)
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field(default="INBOX", min_length=1)
    imap_tls: Literal["none", "starttls", "tls"] = "tls"
    hr_mailbox: MailAddress
    hr_language: Literal["en", "de"] = "en"
    security_mailbox: MailAddress | Literal[""] = ""
    mail_templates: str = ""
    scim_url: str = Field(default=..., pattern="^https?://")
    scim_token: SecretStr
