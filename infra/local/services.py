"""Producers and services as processes of a stack, found by walking the packages."""

import sys
from collections.abc import Mapping
from typing import Final

from infra.inventory import programs
from infra.local.http import status_of
from infra.local.ports import Ports
from infra.local.process import ProcessSpec, Stage

_OK: Final = 200


def service_specs(ports: Ports, settings: Mapping[str, str]) -> tuple[ProcessSpec, ...]:
    """Return how every producer and service is started, each with a health port of its own."""
    return tuple(_spec(program, ports, settings) for program in programs())


def _spec(program: str, ports: Ports, settings: Mapping[str, str]) -> ProcessSpec:
    health = ports.of(program)
    intake = {"intake": ports.of("intake")} if program.startswith("producers.") else {}
    return ProcessSpec(
        name=program,
        argv=(sys.executable, "-m", program),
        ports={**intake, program: health},
        stage=Stage.SERVICES,
        ready=lambda: status_of(health, "/readyz") == _OK,
        waits_for=f"{program} to be ready",
        environment={**settings, "EMS_HEALTH_PORT": str(health)},
    )
