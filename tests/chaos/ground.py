"""What the run is done to: a real broker, registry and sandbox, and the real services, each a process of its own.

The services reach the targets and the load generator reaches the intake through proxies. Everything is started by the
supervisor, so that anything may be killed and comes back.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from infra.deploy import deploy
from infra.inventory import inventory
from infra.local.credentials import Credentials
from infra.local.environment import settings_for, write_settings
from infra.local.ports import Ports
from infra.local.process import ProcessSpec
from infra.local.sandbox import maildir, sandbox_specs
from infra.local.services import service_specs
from infra.providers import Broker
from infra.providers.local import LocalBroker
from infra.sandbox.imap_account import PASSWORD, USER
from tests.chaos.company import Company
from tests.chaos.supervisor import Supervisor

SETTLE: Final = 3.0  # seconds
SESSION: Final = 6.0  # seconds
PROXIED: Final = ("smtp", "caldav", "scim", "intake")


@dataclass(frozen=True)
class Ground:
    """One state directory, and what runs in it.

    Attributes:
        company: who is there.
        protocol: of the consumer groups, `classic` or `consumer` (KIP-848).
    """

    state_dir: Path
    company: Company
    protocol: str = "classic"

    @property
    def ports(self) -> Ports:
        """The port of each process, by name; `<target>-proxy` is where a proxy stands."""
        return Ports(self.state_dir)

    @property
    def credentials(self) -> Credentials:
        """The secrets of the state directory."""
        return Credentials.of(self.state_dir)

    @property
    def broker(self) -> Broker:
        """Where Kafka and the registry answer."""
        return LocalBroker(self.state_dir).broker

    @property
    def calendar_log(self) -> Path:
        """The calendar server's own log."""
        return self.state_dir / "sandbox" / "calendar.jsonl"

    @property
    def directory_log(self) -> Path:
        """The directory's own log."""
        return self.state_dir / "sandbox" / "directory.jsonl"

    @property
    def maildir(self) -> Path:
        """Where every accepted mail is."""
        return maildir(self.state_dir)

    def url(self, name: str) -> str:
        """Return where a server answers over HTTP."""
        return f"http://127.0.0.1:{self.ports.of(name)}"

    def platform(self) -> tuple[ProcessSpec, ...]:
        """Return the broker and the registry."""
        return LocalBroker(self.state_dir).specs

    def targets(self) -> tuple[ProcessSpec, ...]:
        """Return the sandbox's servers; the calendar keeps a log, and the mailbox an index."""
        own = {
            "caldav": ("--storage", str(self.state_dir / "sandbox" / "calendars"), "--log", str(self.calendar_log)),
            "imap": ("--maildir", str(self.maildir)),
        }
        specs = sandbox_specs(self.state_dir, self.ports, self.credentials)
        return tuple(_of_chaos(spec, own[spec.name]) if spec.name in own else spec for spec in specs)

    def services(self) -> tuple[ProcessSpec, ...]:
        """Return the producer and every service, told to use the proxies."""
        settings = settings_for(self.state_dir, self.broker, self.ports, self.credentials, self._given())
        write_settings(self.state_dir, settings, self._given())
        return service_specs(self.ports, settings)

    def second_member(self, of: ProcessSpec) -> ProcessSpec:
        """Return one more member of a service's group, on the same database."""
        name = f"{of.name} (second)"
        port = self.ports.of(name)
        environment = {**of.environment, "EMS_HEALTH_PORT": str(port)}
        return replace(of, name=name, ports={name: port}, environment=environment)

    def start(self, supervisor: Supervisor, say: Callable[[str], None]) -> None:
        """Start everything but the services, deploy, and let everybody join the company."""
        for spec in (*self.platform(), *self.targets()):
            supervisor.want(spec)
        say("the targets and the company")
        supervisor.await_ready(*(spec.name for spec in self.targets()))
        self.company.hire(self.url("scim"), self.credentials.scim_token, self.url("caldav"))
        say("the broker")
        supervisor.await_ready(*(spec.name for spec in self.platform()))
        deploy(self.broker, inventory())
        say("the services")
        for spec in self.services():
            supervisor.want(spec)
        supervisor.await_ready(*(spec.name for spec in self.services()))

    def _given(self) -> dict[str, str]:
        ports = self.ports
        return {
            **self.company.settings(self.state_dir),
            "EMS_SCIM_TOKEN": self.credentials.scim_token,
            "EMS_SMTP_HOST": "127.0.0.1",
            "EMS_SMTP_PORT": str(ports.of("smtp-proxy")),
            "EMS_SMTP_TLS": "none",
            "EMS_SCIM_URL": self.url("scim-proxy"),
            "EMS_CALDAV_URL": f"{self.url('caldav-proxy')}/",
            "EMS_SESSION_TIMEOUT_MS": str(round(SESSION * 1_000)),
            "EMS_GROUP_PROTOCOL": self.protocol,
            "EMS_MAIL_AMBIGUOUS": "lookup",
            "EMS_INTAKE_BRAKE_COUNT": "0",
            "EMS_MAIL_SETTLE": str(SETTLE),
            "EMS_IMAP_HOST": "127.0.0.1",
            "EMS_IMAP_PORT": str(ports.of("imap")),
            "EMS_IMAP_USERNAME": USER,
            "EMS_IMAP_PASSWORD": PASSWORD,
            "EMS_IMAP_TLS": "none",
            "EMS_LOG_FORMAT": "json",
        }


def _of_chaos(spec: ProcessSpec, arguments: tuple[str, ...]) -> ProcessSpec:
    """Return the server of the same purpose that stands beside this file."""
    module = {"caldav": "logged_calendar", "imap": "indexed_mailbox"}[spec.name]
    return replace(spec, argv=(sys.executable, "-m", f"tests.chaos.{module}", "--port", str(spec.port), *arguments))
