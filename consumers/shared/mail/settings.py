"""What a service that sends mail is told by its environment; the README says what each setting means."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from choreography import ServiceSettings
from consumers.shared.mail.address import MailAddress
from consumers.shared.mail.mailer import Ambiguous
from consumers.shared.mail.smtp import Tls

Port = Annotated[int, Field(ge=1, le=65535)]


class MailSettings(ServiceSettings):
    """The mail system, who writes, and where HR as a whole reads.

    Attributes:
        smtp_tls: `starttls` upgrades a plain connection, `tls` begins encrypted, `none` is for a mail system on the
            same machine.
        mail_from: the sender's address.
        mail_domain: the right-hand side of a Message-ID.
        mail_templates: a folder with the company's own templates.
        imap_folder: where a copy of every mail that was sent lies.
        mail_ambiguous: what to do about a mail that may have been sent: look it up, send it again, or ask a person; by
            default the first where there is an IMAP server, else the second.
        mail_settle: the seconds after which a mail that was accepted can be looked up.
        hr_mailbox: the address of HR as a whole, which is told where nobody else can be.
        hr_language: the language of mails to HR as a whole, and of the entries in HR's calendars.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    smtp_host: str = Field(default=..., min_length=1)
    smtp_port: Port = 587
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Tls = "starttls"
    mail_from: MailAddress
    mail_domain: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
    mail_templates: str = ""
    imap_host: str = ""
    imap_port: Port = 993
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = Field(default="INBOX", min_length=1)
    imap_tls: Tls = "tls"
    mail_ambiguous: Literal["lookup", "resend", "hold"] | None = None
    mail_settle: float = Field(default=60.0, ge=0)
    hr_mailbox: MailAddress
    hr_language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "en"

    @field_validator("mail_ambiguous")
    @classmethod
    def _can_be_followed(cls, policy: str | None, known: ValidationInfo) -> str | None:
        if policy == Ambiguous.LOOKUP and not known.data.get("imap_host"):
            raise ValueError("lookup asks an IMAP server: set EMS_IMAP_HOST, or choose resend or hold")
        return policy

    @property
    def ambiguous(self) -> Ambiguous:
        """The policy that is set; else *lookup* where it is known where to look, and *resend* where it is not."""
        return Ambiguous(self.mail_ambiguous or (Ambiguous.LOOKUP if self.imap_host else Ambiguous.RESEND))
