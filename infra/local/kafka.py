"""One Kafka broker, its own controller, on the loopback address."""

import shutil
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final
from uuid import uuid4

from confluent_kafka import KafkaException

from infra.admin import admin_client
from infra.errors import InfraError
from infra.local.command import run_to_end
from infra.local.distribution import KAFKA
from infra.local.java import kafka_command
from infra.local.ports import Ports, listens
from infra.local.process import ProcessSpec, Stage
from infra.progress import Progress, waiting_for

NAME: Final = "kafka"
_CONTROLLER: Final = "kafka-controller"
_LOOK: Final = 1.0  # seconds that one look at the broker may take

# The short broker session lets a broker that was killed come back in 6 instead of 14 seconds; the small buffer of the
# log cleaner saves 126 MB of memory.
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000
num.recovery.threads.per.data.dir=1
metrics.jmx.exclude=.*
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=2097152
"""


class FormatFailed(InfraError):  # noqa: N818 - reads better without the suffix
    """Kafka's data directory could not be prepared."""


def kafka_spec(home: Path, ports: Ports) -> ProcessSpec:
    """Return how the broker is started.

    Args:
        home: the directory of the broker: its configuration and its data.
        ports: chooses and remembers its two ports.
    """
    port, controller = ports.of(NAME), ports.of(_CONTROLLER)
    properties = home.absolute() / "server.properties"
    return ProcessSpec(
        name=NAME,
        argv=kafka_command(KAFKA.place, "kafka.Kafka", properties.name, heap="512m"),
        ports={NAME: port, _CONTROLLER: controller},
        stage=Stage.PLATFORM,
        ready=lambda: answers(port),
        waits_for="Kafka to answer",
        prepare=lambda progress: _prepare(properties, port, controller, progress),
        home=properties.parent,  # a path in its properties could hold no comma, no backslash and no umlaut
    )


def _prepare(properties: Path, port: int, controller: int, progress: Progress) -> None:
    KAFKA.fetch(progress)
    data = properties.with_name("data")
    properties.parent.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        with waiting_for("Kafka to prepare its data directory", progress):
            _format(data, port, controller)
    properties.write_text(_PROPERTIES.format(port=port, controller=controller, data=data.name), encoding="utf-8")


def answers(port: int) -> bool:
    """Return whether a broker answers on this port of the loopback address."""
    if not listens(port):
        return False
    try:
        return bool(admin_client(f"127.0.0.1:{port}").list_topics(timeout=_LOOK).brokers)
    except KafkaException:
        return False


def _format(data: Path, port: int, controller: int) -> None:
    """Format a fresh directory and move it into place, so that an interruption leaves no half-formatted one."""
    fresh, config = data.with_name("data.new"), data.with_name("format.properties")
    shutil.rmtree(fresh, ignore_errors=True)
    config.write_text(_PROPERTIES.format(port=port, controller=controller, data=fresh.name), encoding="utf-8")
    cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    arguments = ("format", "--standalone", "-t", f"ems{cluster[3:]}", "-c", config.name, "--ignore-formatted")
    command = kafka_command(KAFKA.place, "kafka.tools.StorageTool", *arguments)
    done = run_to_end(command, home=data.parent)
    if done.code:
        raise FormatFailed(
            f"Kafka's data directory {data} could not be prepared, so nothing was started. Is the disk full, or the "
            f"directory not writable? Kafka said:\n{done.said}"
        )
    config.unlink()
    fresh.replace(data)
