"""A service as a process, as far as it comes without a broker."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = """
from contextlib import asynccontextmanager
from pydantic_settings import SettingsConfigDict
from choreography import Service, ServiceSettings, on, run
from tests.shop.facts import OrderPlaced, ParcelPacked, Ports, Store, pack

class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

@asynccontextmanager
async def open_ports(settings):
    yield Ports(Store())

service = Service(group="shop.warehouse", starts="now",
                  reactions=[on(OrderPlaced, pack, publishes=(ParcelPacked,), target="store")])
run(service, open_ports, Settings)
"""

STUCK = """
import sys
from pydantic_settings import SettingsConfigDict
from choreography import ServiceSettings, run_process
from choreography.kafka.watchdog import PartitionStuck

class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

async def main(settings, stop):
    raise PartitionStuck("shop.orders.v1:0 yields nothing.")

sys.exit(run_process(Settings, "shop.warehouse", main))
"""


@contextmanager
def started(folder: Path, script: str = SERVICE, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    environment |= {"SHOP_STATE_DIR": str(folder)} | {f"SHOP_{name}": value for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_settings_that_cannot_work_end_it_at_once_with_every_reason(tmp_path: Path) -> None:
    with started(tmp_path, LOG_LEVEL="loud") as process:
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert "Traceback" not in errors
    for name in ("SHOP_KAFKA_BOOTSTRAP_SERVERS", "SHOP_SCHEMA_REGISTRY_URL", "SHOP_LOG_LEVEL"):
        assert name in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_service_that_never_ran_waits_for_the_broker_and_can_be_stopped(tmp_path: Path, number: int) -> None:
    nowhere = f"127.0.0.1:{closed_port()}"
    with started(tmp_path, KAFKA_BOOTSTRAP_SERVERS=nowhere, SCHEMA_REGISTRY_URL=f"http://{nowhere}") as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "broker.away" in line)
        process.send_signal(number)
        _, rest = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "The cluster does not answer" in line
    assert "Traceback" not in rest


def test_a_stuck_partition_ends_the_process_with_an_error_so_that_it_is_started_again(tmp_path: Path) -> None:
    with started(tmp_path, STUCK, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r") as process:
        _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "shop.orders.v1:0 yields nothing." in said
    assert "Traceback" not in said
