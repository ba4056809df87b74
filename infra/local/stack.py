"""The whole system on one machine, as one thing that can be put up, looked at and taken down.

    stack = Stack(state_dir)
    endpoints = stack.up(progress)      # returns when everything is ready; starts only what is missing
    stack.end(["consumers.hr"])         # as an operator stops it
    stack.kill("consumers.hr")          # as kill -9 does; for tests
    stack.start_missing(progress)       # what a watcher calls: starts what has died, and returns when it is ready
    for row in stack.status(): ...      # name, pid, port, ready, since
    stack.down()                        # ends everything, also what a killed run left; the data stays

Every face may be called again. What a failed or interrupted `up` has started is ended before it raises. Ports, secrets
and data are kept in the state directory, so that whatever comes back has the address that it had.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from infra.atomic import write_atomically
from infra.deploy import deploy
from infra.endpoints import Endpoints, forget
from infra.inventory import inventory
from infra.local.credentials import Credentials
from infra.local.environment import given_intake, settings_for, write_settings
from infra.local.own_systems import is_replaced, require_whole
from infra.local.ports import Ports
from infra.local.process import ProcessSpec
from infra.local.process_table import ProcessTable
from infra.local.row import Row
from infra.local.sandbox import maildir, sandbox_specs
from infra.local.services import service_specs
from infra.local.turn import turn
from infra.progress import Progress, Silence, waiting_for
from infra.providers import Broker, BrokerProvider
from infra.providers.local import LocalBroker
from infra.sandbox.seed import seed

_SILENCE: Final = Silence()
_PRIVATE: Final = 0o700  # it holds secrets, and mails and calendars of people


class Stack:
    """Everything that belongs to one state directory.

    Args:
        state_dir: where it keeps ports, secrets, logs and data.
        provider: where the broker and the registry come from; by default from this machine.
        given: settings of services that replace the sandbox's, by the names of their variables.
        given_ports: ports that somebody asked for, by process name (`intake` for that of the intake).
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        provider: BrokerProvider | None = None,
        given: Mapping[str, str] | None = None,
        given_ports: Mapping[str, int] | None = None,
    ) -> None:
        self.state_dir = state_dir.absolute()
        self.state_dir.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self.state_dir.chmod(_PRIVATE)
        self._given = dict(given or {})
        asked = {**given_intake(self._given), **(given_ports or {})}
        self._table = ProcessTable(self.state_dir)
        self._ports = Ports(self.state_dir, asked)
        self._provider = provider or LocalBroker(self.state_dir, asked)
        self._credentials = Credentials.of(self.state_dir)

    def up(self, progress: Progress = _SILENCE, *, only_platform: bool = False) -> Endpoints:
        """Start what is missing, and return when all is ready.

        Args:
            progress: told what takes longer than two seconds.
            only_platform: stop after the broker, the registry and the deploy step.

        Raises:
            Refused: a system of one's own was given without what has to be known about it.
            InfraError: something could not be started; nothing of this attempt is left.
        """
        require_whole(self._given)
        with self._turn(progress), self._all_or_nothing():
            sandbox = () if only_platform else self._sandbox()
            self._table.start_missing([*self._provider.specs, *sandbox], progress)
            wanted = inventory()
            if sandbox:  # is ready, and can be filled, while the broker still starts
                self._table.await_ready(sandbox, progress)
                self._seed(progress)
            broker = self._provider.start(progress)
            with waiting_for("topics and schemas to be brought to the broker", progress):
                deployed = deploy(broker, wanted)
            for warning in deployed.warnings:
                progress.say(warning)
            services = self._services(broker)
            if not only_platform:
                self._table.start_missing(services, progress)
                self._table.await_ready(services, progress)
            endpoints = self._endpoints(broker)
            endpoints.write(self.state_dir)
        return endpoints

    @property
    def endpoints(self) -> Endpoints:
        """Where everything answers.

        Raises:
            Unreachable: it is not up.
        """
        return Endpoints.read(self.state_dir)

    def start_missing(self, progress: Progress = _SILENCE) -> tuple[str, ...]:
        """Start what does not run, return when it is ready, and name it."""
        running = self._table.running()
        missing = tuple(spec.name for spec in self._all() if spec.name not in running)
        if missing:
            self.up(progress)
        return missing

    def down(self, progress: Progress = _SILENCE) -> tuple[str, ...]:
        """End everything, services first, and name what ran."""
        with self._turn(progress):
            with waiting_for("services to finish what they are doing", progress):
                ended = self._table.stop()
            self._provider.stop()
            forget(self.state_dir)
        return ended

    def end(self, names: Sequence[str]) -> None:
        """End these processes, each when it has finished what it does."""
        self._table.stop(names)

    def kill(self, name: str) -> None:
        """End one process by SIGKILL."""
        self._table.kill(name)

    def status(self) -> tuple[Row, ...]:
        """Return how each process is, in the order of their start."""
        running = self._table.running()
        return tuple(Row.of(spec, running.get(spec.name)) for spec in self._all())

    def _all(self) -> tuple[ProcessSpec, ...]:
        return (*self._provider.specs, *self._sandbox(), *service_specs(self._ports, {}))

    def _sandbox(self) -> tuple[ProcessSpec, ...]:
        specs = sandbox_specs(self.state_dir, self._ports, self._credentials)
        return tuple(spec for spec in specs if not is_replaced(spec.name, self._given))

    def _services(self, broker: Broker) -> tuple[ProcessSpec, ...]:
        settings = settings_for(self.state_dir, broker, self._ports, self._credentials, self._given)
        write_settings(self.state_dir, settings, self._given)
        return service_specs(self._ports, settings)

    def _seed(self, progress: Progress) -> None:
        """Fill what is the sandbox's of directory and calendars, each once."""
        done = self.state_dir / "sandbox" / "seeded"
        filled = done.read_text(encoding="utf-8").split() or ["scim", "caldav"] if done.exists() else []
        left = [one for one in ("scim", "caldav") if not is_replaced(one, self._given) and one not in filled]
        if not left:
            return
        scim, caldav = (self._url(one) if one in left else None for one in ("scim", "caldav"))
        with waiting_for("the sandbox to be filled with a fictional company", progress):
            seed(scim, self._credentials.scim_token, caldav)
        write_atomically(done, " ".join([*filled, *left]))

    def _endpoints(self, broker: Broker) -> Endpoints:
        given, running = self._given, self._table.running()
        smtp_host = given.get("EMS_SMTP_HOST", "127.0.0.1")
        return Endpoints(
            kafka=broker.bootstrap_servers,
            registry=broker.registry_url,
            intake=self._url("intake"),
            webhook_secret=given.get("EMS_WEBHOOK_SECRETS", self._credentials.webhook_secret).partition(",")[0],
            smtp=f"{smtp_host}:{given.get('EMS_SMTP_PORT', self._ports.of('smtp'))}",
            maildir=str(maildir(self.state_dir)),
            imap=f"{given.get('EMS_IMAP_HOST', '127.0.0.1')}:{given.get('EMS_IMAP_PORT', self._ports.of('imap'))}",
            caldav=given.get("EMS_CALDAV_URL", f"{self._url('caldav')}/"),
            scim=given.get("EMS_SCIM_URL", self._url("scim")),
            scim_token=given.get("EMS_SCIM_TOKEN", self._credentials.scim_token),
            pids={name: process.pid for name, process in running.items()},
            health={spec.name: self._ports.of(spec.name) for spec in service_specs(self._ports, {})},
        )

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports.of(name)}"

    def _turn(self, progress: Progress) -> AbstractContextManager[None]:
        return turn(self.state_dir / "lock", "another `ems up` or `ems down` of this directory", progress)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        before = self._table.running()
        try:
            yield
        except BaseException:
            self._table.stop([name for name in self._table.running() if name not in before])
            raise
