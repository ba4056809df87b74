"""What EMS is told by its environment."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from choreography import ServiceSettings
from producers.ems.brake import Brake, brake_of
from producers.ems.throttle import RATE
from producers.ems.zones import TimeZone

_SECRET_BYTES: Final = 24  # as Standard Webhooks asks for
_VENDOR_LENGTH: Final = 16


def _webhook_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix("whsec_") + "==")
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or len(key) < _SECRET_BYTES:
        raise ValueError(f"each secret is `whsec_` followed by the base64 of at least {_SECRET_BYTES} random bytes")
    return secret


def _vendor_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _VENDOR_LENGTH:
        raise ValueError(f"each secret is the key that the vendor shows, of at least {_VENDOR_LENGTH} characters")
    return secret


VendorSecrets = Annotated[tuple[Annotated[SecretStr, AfterValidator(_vendor_secret)], ...], NoDecode]


class Settings(ServiceSettings):
    """Settings of EMS.

    Attributes:
        intake_host: the address to listen on; by default only this machine can send.
        intake_port: the port; 0 takes a free one, which is logged.
        webhook_secrets: the secrets that requests may be signed with, joined by commas.
        intake_rate: requests a second that one sender may have handled: each secret is a sender, and each vendor's.
        intake_memory_days: for how many days a request is remembered; what is sent again later is a new one.
        time_zone: the IANA zone of a case whose resignation names none.
        vendor_bamboohr_secrets: the keys of BambooHR's webhooks, joined by commas; without any there is no route.
        vendor_deel_secrets: the same of Deel.
        vendor_hibob_secrets: the same of HiBob.
        vendor_merge_secrets: the same of Merge.
        intake_brake_count: how many may resign within the window; further ones are held. 0 is no limit.
        intake_brake_window: the length of the window, in seconds.
        intake_brake_percent: how many of a hundred employees may, where `intake_headcount` is known. 0 is no limit.
        intake_headcount: how many employees the company has.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    intake_host: str = "127.0.0.1"
    intake_port: int = Field(default=0, ge=0, le=65535)
    intake_rate: float = Field(default=RATE, ge=1, allow_inf_nan=False)
    intake_memory_days: int = Field(default=400, ge=35, le=36_500)
    webhook_secrets: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_webhook_secret)], ...], NoDecode, Field(min_length=1)
    ]
    time_zone: TimeZone
    vendor_bamboohr_secrets: VendorSecrets = ()
    vendor_deel_secrets: VendorSecrets = ()
    vendor_hibob_secrets: VendorSecrets = ()
    vendor_merge_secrets: VendorSecrets = ()
    intake_brake_count: int = Field(default=200, ge=0)
    intake_brake_window: int = Field(default=3_600, ge=1, le=31_536_000)
    intake_brake_percent: float = Field(default=2.0, ge=0, le=100)
    intake_headcount: int | None = Field(default=None, ge=1)

    def intake_brake(self) -> Brake | None:
        """Return what holds resignations when there are too many."""
        return brake_of(
            self.intake_brake_count, self.intake_brake_window, self.intake_brake_percent, self.intake_headcount
        )

    def vendor_secrets(self) -> Mapping[str, Sequence[str]]:
        """Return the secrets of the vendors that have any, by the vendor's name."""
        given = {
            "bamboohr": self.vendor_bamboohr_secrets,
            "deel": self.vendor_deel_secrets,
            "hibob": self.vendor_hibob_secrets,
            "merge": self.vendor_merge_secrets,
        }
        return {name: [one.get_secret_value() for one in secrets] for name, secrets in given.items() if secrets}

    @field_validator(
        "webhook_secrets",
        "vendor_bamboohr_secrets",
        "vendor_deel_secrets",
        "vendor_hibob_secrets",
        "vendor_merge_secrets",
        mode="before",
    )
    @classmethod
    def _split(cls, value: Any) -> Any:  # noqa: ANN401 - not validated yet
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
