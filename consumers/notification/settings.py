"""What the Notification service is told by its environment."""

from typing import Literal

from pydantic import Field, SecretStr

from consumers.shared.mail import MailAddress, MailSettings


class Settings(MailSettings):
    """Directory and security's mailbox, on top of what every service that sends mail is told.

    Attributes:
        security_mailbox: whoever looks after access; by default HR.
        scim_url: the base address, to which `/Users` is appended.
    """

    security_mailbox: MailAddress | Literal[""] = ""
    scim_url: str = Field(default=..., pattern="^https?://")
    scim_token: SecretStr
