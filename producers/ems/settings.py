"""What EMS is told by its environment."""

import base64
import binascii
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from choreography import ServiceSettings
from producers.ems.zones import TimeZone

_SECRET_BYTES: Final = 24  # as Standard Webhooks asks for


def _webhook_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix("whsec_") + "==")
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or len(key) < _SECRET_BYTES:
        raise ValueError(f"each secret is `whsec_` followed by the base64 of at least {_SECRET_BYTES} random bytes")
    return secret


class Settings(ServiceSettings):
    """Settings of EMS.

    Attributes:
        intake_host: the address to listen on; by default only this machine can send.
        intake_port: the port; 0 takes a free one, which is logged.
        webhook_secrets: the secrets that requests may be signed with, joined by commas.
        time_zone: the IANA zone of a case whose resignation names none.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    intake_host: str = "127.0.0.1"
    intake_port: int = Field(default=0, ge=0, le=65535)
    webhook_secrets: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_webhook_secret)], ...], NoDecode, Field(min_length=1)
    ]
    time_zone: TimeZone

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:  # noqa: ANN401 - not validated yet
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
