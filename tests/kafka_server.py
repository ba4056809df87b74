"""A broker of a test's own, which it may configure, kill, and start again; the shared one is for everybody else."""

import shutil
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Final
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.local import kafka
from infra.local.command import run_to_end
from infra.local.distribution import KAFKA
from infra.local.java import kafka_command
from infra.local.ports import Ports, listens
from infra.local.process import ProcessSpec, Stage
from infra.local.process_table import ProcessTable
from infra.progress import Progress, Silence
from tests.shop.live import LIBRDKAFKA

ADMIN, PASSWORD = "admin", "admin-secret"
_SILENCE: Final = Silence()
_LOGIN: Final = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" '
_PLAIN: Final = f'{_LOGIN}password="{PASSWORD}" user_admin="{PASSWORD}";'
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
SECURED: Final[Mapping[str, str]] = {
    "listener.security.protocol.map": "SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "inter.broker.listener.name": "SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.controller.plain.sasl.jaas.config": _PLAIN,
    "listener.name.sasl_plaintext.plain.sasl.jaas.config": _PLAIN,
    "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": _SCRAM,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:{ADMIN}",
    "allow.everyone.if.no.acl.found": "false",
}


class KafkaServer:
    """One broker.

    Args:
        directory: a directory of its own below the session's; what is left in it is ended with the session.
        properties: what differs from the broker of the local stack; `{port}` and `{controller}` stand for its ports.
        users: logins and their passwords, for a secured one.
        features: of the cluster, such as `group.version=0`.
    """

    def __init__(
        self,
        directory: Path,
        properties: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        features: tuple[str, ...] = (),
    ) -> None:
        self._directory = directory
        self._properties = dict(properties or {})
        self._users = dict(users or {})
        self._features = features
        directory.mkdir(parents=True, exist_ok=True)
        ports = Ports(directory)
        self._port, self._controller = ports.of(kafka.NAME), ports.of("kafka-controller")
        self._table = ProcessTable(directory)
        self.bootstrap_servers = f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and return when it answers."""
        spec = ProcessSpec(
            name=kafka.NAME,
            argv=kafka_command(KAFKA.place, "kafka.Kafka", str(self._config()), heap="384m"),
            ports={kafka.NAME: self._port, "kafka-controller": self._controller},
            stage=Stage.PLATFORM,
            ready=self._answers,
            waits_for="a broker to answer",
            prepare=self._prepare,
        )
        self._table.start_missing([spec], _SILENCE)
        self._table.await_ready([spec], _SILENCE)

    def stop(self) -> None:
        """End it, as an operator does."""
        self._table.stop()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._table.kill(kafka.NAME)

    def pause(self) -> None:
        """Have it answer nobody, with its connections open, until it is resumed."""
        self._table.running()[kafka.NAME].signal(SIGSTOP)

    def resume(self) -> None:
        """Have it answer again."""
        self._table.running()[kafka.NAME].signal(SIGCONT)

    def admin(self) -> AdminClient:
        """Return a client that may do anything."""
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, **self.login}, logger=LIBRDKAFKA)

    @property
    def login(self) -> dict[str, str]:
        """What a client adds to its settings to be allowed anything."""
        if not self._users:
            return {}
        who = {"sasl.username": ADMIN, "sasl.password": PASSWORD}
        return {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", **who}

    def _answers(self) -> bool:
        if not listens(self._port):
            return False
        try:
            return bool(self.admin().list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def _config(self) -> Path:
        return (self._directory / "server.properties").absolute()

    def _prepare(self, progress: Progress) -> None:
        KAFKA.fetch(progress)
        data = (self._directory / "data").absolute()
        lines = dict(
            line.split("=", 1)
            for line in kafka._PROPERTIES.format(port=self._port, controller=self._controller, data=data).splitlines()
        )
        if self._users:
            lines["listeners"] = lines["listeners"].replace("PLAINTEXT://", "SASL_PLAINTEXT://")
            lines["advertised.listeners"] = lines["advertised.listeners"].replace("PLAINTEXT://", "SASL_PLAINTEXT://")
        places = {"port": self._port, "controller": self._controller}
        lines |= {name: value.format(**places) for name, value in self._properties.items()}
        self._config().write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
        if not data.exists():
            self._format(data)

    def _format(self, data: Path) -> None:
        cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        users = (f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in self._users.items())
        arguments = [argument for user in users for argument in ("--add-scram", user)]
        arguments += [argument for feature in self._features for argument in ("--feature", feature)]
        tool = ("format", "--standalone", "-t", f"ems{cluster[3:]}", "-c", str(self._config()), *arguments)
        done = run_to_end(kafka_command(KAFKA.place, "kafka.tools.StorageTool", *tool))
        if done.code:
            shutil.rmtree(data, ignore_errors=True)
            raise RuntimeError(done.said)
