"""What every service is told by its environment."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from choreography.errors import InvalidSettings

S = TypeVar("S", bound="ServiceSettings")
GroupProtocol = Literal["classic", "consumer"]


@dataclass(frozen=True)
class KafkaConnection:
    """How a cluster is reached; its password is never printed.

    Attributes:
        bootstrap_servers: `host:port`, several joined by commas.
        security_protocol: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.
        sasl_mechanism: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
        sasl_username: the login.
        sasl_password: its password.
        ssl_ca_location: the file of certificates to trust; by default the system's.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca_location: str | None = None

    def config(self) -> dict[str, Any]:
        """Return it in the client's words; what is not set is left to the client."""
        password = self.sasl_password.get_secret_value() if self.sasl_password else None
        given = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": password,
            "ssl.ca.location": self.ssl_ca_location,
        }
        return {name: value for name, value in given.items() if value}


def read_variables(file: Path) -> dict[str, str]:
    """Read a file of `NAME=value`, quoted as a shell quotes: what `. file` sets there is what is read here.

    Raises:
        InvalidSettings: a quotation is not closed.
    """
    try:
        words = shlex.split(file.read_bytes().decode(), comments=True)
    except ValueError as error:
        raise InvalidSettings((f"{file}: {error}. Quote each value as a shell does.",)) from error
    return {name: value for name, is_set, value in (word.partition("=") for word in words) if is_set}


class _ShellFile(DotEnvSettingsSource):
    """The file of the state directory; a shell would run `$` and backticks in what a dotenv file may hold."""

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in read_variables(file_path).items()}


class ServiceSettings(BaseSettings):
    """Settings common to all services; a service derives its own and sets the `env_prefix` of its system.

    They come from the environment, then from the file `env` in the state directory (written by a local stack).

    Attributes:
        kafka_bootstrap_servers: `host:port`, several joined by commas.
        kafka_security_protocol: how the cluster is reached; the other four say with which credentials.
        schema_registry_url: the base address of the Confluent-compatible API.
        database_url: of SQLite or PostgreSQL; by default an SQLite file named after the group in the state directory.
        state_dir: where files of this process are kept; by default a hidden directory named after the `env_prefix`.
        health_port: where `/healthz` and `/readyz` answer on the loopback address; 0 takes a free port.
        handler_seconds: how long one attempt of a handler may take.
        drain_seconds: how long work in flight may take to end at shutdown or when a partition moves.
        max_in_flight: how many attempts may run at once.
        max_in_flight_per_target: how many of them on one target; more than it works on at once would only wait for one
            another with their time running.
        max_effect_age_days: how old an event may be whose effect cannot be repeated; an older one waits for a person.
        session_timeout_ms: after which silence the broker gives a member up; under the group protocol `consumer` the
            broker alone decides, and this is what we take it for.
        group_protocol: `classic` with cooperative rebalances, or `consumer` (KIP-848).
        watchdog_seconds: how long a partition with records may yield none before the process ends to be restarted.
        log_format: `json`, `pretty`, or `auto`: pretty on a terminal.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, env_file_encoding="utf-8", validate_default=False
    )

    kafka_bootstrap_servers: str = Field(default=..., min_length=1)
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_ca_location: Path | None = None
    schema_registry_url: str = Field(default=..., min_length=1)
    database_url: str | None = None
    state_dir: Path = Path(".state")
    health_port: int = Field(default=0, ge=0, le=65535)
    handler_seconds: float = Field(default=60.0, gt=0)
    drain_seconds: float = Field(default=20.0, gt=0)
    max_in_flight: PositiveInt = 100
    max_in_flight_per_target: PositiveInt = 20
    max_effect_age_days: PositiveInt = 7
    session_timeout_ms: PositiveInt = 10_000
    group_protocol: GroupProtocol = "classic"
    watchdog_seconds: float = Field(default=120.0, gt=0)
    log_format: str = Field(default="auto", pattern="^(auto|json|pretty)$")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then the file, as a shell does."""
        file = dotenv_settings.env_file if isinstance(dotenv_settings, DotEnvSettingsSource) else None
        return init_settings, env_settings, _ShellFile(settings_cls, file), file_secret_settings

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Name the state directory after the system, as its prefix does."""
        system = cls.model_config.get("env_prefix", "").rstrip("_").lower()
        cls.model_fields["state_dir"].default = Path(f".{system or 'state'}")
        cls.model_rebuild(force=True)

    def connection(self) -> KafkaConnection:
        """Return how the cluster is reached."""
        trusted = self.kafka_ssl_ca_location
        return KafkaConnection(
            bootstrap_servers=self.kafka_bootstrap_servers,
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.kafka_sasl_username,
            sasl_password=self.kafka_sasl_password,
            ssl_ca_location=str(trusted) if trusted else None,
        )

    def variable(self, name: str) -> str:
        """Return the environment variable of a setting, for messages to people."""
        return f"{self.model_config.get('env_prefix', '')}{name.upper()}"

    def database_for(self, name: str) -> str:
        """Return the address of the database of the group or process called `name`."""
        return self.database_url or f"sqlite:///{(self.state_dir / f'{name}.db').absolute()}"


def load(settings: type[S]) -> S:
    """Read the settings, and name everything that is wrong at once.

    Raises:
        InvalidSettings: with a reason per variable; no value is shown.
    """
    prefix = settings.model_config.get("env_prefix", "")
    state_dir = Path(os.environ.get(f"{prefix}STATE_DIR") or settings.model_fields["state_dir"].default)
    source: dict[str, Any] = {"_env_file": state_dir / "env"}
    try:
        return settings(**source)
    except ValidationError as error:
        reasons = (
            f"{prefix}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
        raise InvalidSettings(tuple(reasons)) from None
