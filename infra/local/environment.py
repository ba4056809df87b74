"""What the processes of a stack are told: the sandbox's addresses, unless somebody gave others."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from choreography.settings import read_variables
from infra.atomic import write_atomically
from infra.endpoints import STATE_DIR
from infra.errors import Refused
from infra.local.credentials import Credentials
from infra.local.own_systems import owned
from infra.local.ports import Ports
from infra.providers import Broker
from infra.sandbox import company, imap_account

PREFIX: Final = "EMS_"
_LOOPBACK: Final = "127.0.0.1"
_HIGHEST_PORT: Final = 65_535
_GIVEN: Final = "# Given by whoever ran `ems up`: "
# For the tools around the system, or one process alone.
_NOT_FOR_SERVICES: Final = frozenset(
    {STATE_DIR, "EMS_CACHE_DIR", "EMS_MAVEN_REPOSITORY", "EMS_TEST_BROKER", "EMS_HEALTH_PORT"}
)
_ONE_DATABASE: Final = "EMS_DATABASE_URL"


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


def given_intake(given: Mapping[str, str]) -> dict[str, int]:
    """Return the port of the intake where somebody gave one, as a port that is asked for.

    Raises:
        Refused: it is none; or the intake is to listen where the command line would not look for it.
    """
    if given.get("EMS_INTAKE_HOST", _LOOPBACK) not in (_LOOPBACK, "0.0.0.0", "localhost"):  # noqa: S104 - compared
        raise Refused(
            f"EMS_INTAKE_HOST is {given['EMS_INTAKE_HOST']}, and the commands of this machine ask {_LOOPBACK}. Leave "
            "it away, or set 0.0.0.0 to be asked from elsewhere, too."
        )
    port = given.get("EMS_INTAKE_PORT", "0")
    if not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise Refused(f"EMS_INTAKE_PORT is {port!r}, which is no port: give a number up to {_HIGHEST_PORT}.")
    return {"intake": int(port)} if int(port) else {}


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
    foreign = tuple(start for target in owned(given) for start in target.about)
    sandbox = {name: value for name, value in sandbox.items() if not name.startswith(foreign)}
    return {
        **sandbox,
        "EMS_INTAKE_HOST": "127.0.0.1",
        "EMS_WEBHOOK_SECRETS": credentials.webhook_secret,
        "EMS_SESSION_TIMEOUT_MS": "6000",  # a service that was killed and is started again waits for this long
        **given,
        "EMS_INTAKE_PORT": str(ports.of("intake")),
        STATE_DIR: str(state_dir),
        "EMS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "EMS_SCHEMA_REGISTRY_URL": broker.registry_url,
    }


def write_settings(state_dir: Path, settings: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Write the file `env`, from which a service that is started by hand reads its settings."""
    lines = (f"{name}={shlex.quote(value)}" for name, value in sorted(settings.items()))
    write_atomically(state_dir / "env", "\n".join([_GIVEN + " ".join(sorted(given)), *lines, ""]))


def remembered(state_dir: Path) -> dict[str, str]:
    """Return the settings that somebody gave to the last `ems up` of a state directory."""
    file = state_dir / "env"
    return (
        {name: value for name, value in read_variables(file).items() if name in _given_in(file)}
        if file.exists()
        else {}
    )


def _chosen_by_us(file: Path) -> dict[str, str]:
    """Return the settings in an `env` that nobody had given."""
    if not file.exists():
        return {}
    given = _given_in(file)
    return {name: value for name, value in read_variables(file).items() if name not in given}


def _given_in(file: Path) -> list[str]:
    heading = file.read_text(encoding="utf-8").partition("\n")[0]
    return heading.removeprefix(_GIVEN).split()
