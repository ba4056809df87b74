"""What the processes of a stack are told: the sandbox's addresses, unless somebody gave others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from infra.atomic import write_atomically
from infra.endpoints import STATE_DIR
from infra.errors import Refused
from infra.local.credentials import Credentials
from infra.local.ports import Ports
from infra.providers import Broker
from infra.sandbox import company, imap_account

PREFIX: Final = "EMS_"
_GIVEN: Final = "# Given by whoever ran `ems up`: "
# For the tools around the system, or one process alone.
_NOT_FOR_SERVICES: Final = frozenset(
    {STATE_DIR, "EMS_CACHE_DIR", "EMS_MAVEN_REPOSITORY", "EMS_TEST_BROKER", "EMS_HEALTH_PORT"}
)
_ONE_DATABASE: Final = "EMS_DATABASE_URL"
# A sandbox server is not started when the system is told to use another one.
_REPLACED_BY: Final = {
    "smtp": "EMS_SMTP_HOST",
    "imap": "EMS_SMTP_HOST",
    "caldav": "EMS_CALDAV_URL",
    "scim": "EMS_SCIM_URL",
}


def given_settings(environment: Mapping[str, str], state_dir: Path) -> dict[str, str]:
    """Return the settings that somebody gave by the environment, without those that came from this very stack.

    Args:
        environment: usually `os.environ`.
        state_dir: whose `env` somebody may have read into that environment.

    Raises:
        Refused: a setting is given that cannot be meant for all of them.
    """
    if _ONE_DATABASE in environment:
        raise Refused(
            f"{_ONE_DATABASE} is set, and it is for one process alone: each service needs a database of its own. "
            f"Unset it here; set it only where you start one service by hand."
        )
    ours = _chosen_by_us(state_dir / "env")
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in _NOT_FOR_SERVICES and ours.get(name) != value
    }


def is_replaced(server: str, given: Mapping[str, str]) -> bool:
    """Return whether a server of the sandbox is not needed, because the system is told to use another one."""
    return _REPLACED_BY[server] in given


def settings_for(
    state_dir: Path, broker: Broker, ports: Ports, credentials: Credentials, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of every service of a stack, by the names of their variables."""
    sandbox = {
        "EMS_SMTP_HOST": "127.0.0.1",
        "EMS_SMTP_PORT": str(ports.of("smtp")),
        "EMS_IMAP_HOST": "127.0.0.1",
        "EMS_IMAP_PORT": str(ports.of("imap")),
        "EMS_IMAP_USERNAME": imap_account.USER,
        "EMS_IMAP_PASSWORD": imap_account.PASSWORD,
        "EMS_IMAP_TLS": "none",
        "EMS_MAIL_SETTLE": "3",  # the sandbox shows a mail before it says that it has accepted it
        "EMS_SCIM_URL": f"http://127.0.0.1:{ports.of('scim')}",
        "EMS_SCIM_TOKEN": credentials.scim_token,
        "EMS_CALDAV_URL": f"http://127.0.0.1:{ports.of('caldav')}/",
        **company.environment(),
    }
    if "EMS_SMTP_HOST" in given:  # what another mail system accepts is not in the sandbox's mailbox
        for name in [one for one in sandbox if one.startswith(("EMS_SMTP_", "EMS_IMAP_", "EMS_MAIL_SETTLE"))]:
            del sandbox[name]
    return {
        **sandbox,
        "EMS_INTAKE_HOST": "127.0.0.1",
        "EMS_INTAKE_PORT": str(ports.of("intake")),
        "EMS_WEBHOOK_SECRETS": credentials.webhook_secret,
        "EMS_SESSION_TIMEOUT_MS": "6000",  # a service that was killed and is started again waits for this long
        **given,
        STATE_DIR: str(state_dir),
        "EMS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "EMS_SCHEMA_REGISTRY_URL": broker.registry_url,
    }


def write_settings(state_dir: Path, settings: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Write the file `env`, from which a service that is started by hand reads its settings."""
    lines = (f'{name}="{_escaped(value)}"' for name, value in sorted(settings.items()))
    write_atomically(state_dir / "env", "\n".join([_GIVEN + " ".join(sorted(given)), *lines, ""]))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _chosen_by_us(file: Path) -> dict[str, str | None]:
    """Return the settings in an `env` that nobody had given."""
    if not file.exists():
        return {}
    heading = file.read_text(encoding="utf-8").partition("\n")[0]
    given = heading.removeprefix(_GIVEN).split()
    return {name: value for name, value in dotenv_values(file).items() if name not in given}
