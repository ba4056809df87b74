"""A fourth service is two folders, dropped in beside the others: no existing file knows of it."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.local.http import status_of
from infra.local.stack import Stack
from tests.e2e.topics import Fact, Topics
from tests.e2e.waiting import eventually
from tests.e2e.world import RESIGNED, World

pytestmark = pytest.mark.broker

ROOT = Path(__file__).parents[2]
NEWCOMER = Path(__file__).parent / "newcomer"
PACKAGES = ("choreography", "schemas", "producers", "consumers", "infra")


class ServiceDesk(BaseHTTPRequestHandler):
    """Takes tickets: the key is in the path, the wish is the body."""

    tickets: dict[str, str]

    def do_PUT(self) -> None:
        wish = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.tickets[self.path] = wish
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"number": "T-%d"}' % len(self.tickets))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def desk() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a service desk, and its tickets."""
    tickets: dict[str, str] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Desk", (ServiceDesk,), {"tickets": tickets}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tickets
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project's packages."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    files = (one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    return {str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def environment(stack: Stack, **given: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("EMS_")}
    return {**ours, "EMS_STATE_DIR": str(stack.state_dir), **given}


@contextmanager
def running(checkout: Path, stack: Stack, port: int, desk_url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the newcomer until the end of the block, as anybody would start it."""
    told = environment(stack, EMS_DESK_URL=desk_url, EMS_HEALTH_PORT=str(port))
    with subprocess.Popen([sys.executable, "-m", "consumers.facilities"], cwd=checkout, env=told) as process:
        try:
            eventually(
                lambda: process.poll() is not None or status_of(port, "/readyz") == 200,
                "the newcomer to be ready",
                lambda: f"exit code {process.poll()}",
            )
            yield process
        finally:
            process.terminate()


def test_a_new_service_reacts_and_states_its_fact_and_no_existing_file_is_changed(
    world: World, checkout: Path, desk: tuple[str, dict[str, str]], free_port: int
) -> None:
    desk_url, tickets = desk
    (leaver,) = world.hiring.employees(1)
    existing = contents(checkout)
    shutil.copytree(NEWCOMER, checkout, dirs_exist_ok=True)
    deploy = [sys.executable, "-m", "infra.cli.main", "deploy"]
    subprocess.run(deploy, cwd=checkout, env=environment(world.stack), check=True, capture_output=True)
    with running(checkout, world.stack, free_port, desk_url) as process:
        case = world.resign(leaver.employee_id)
        eventually(lambda: tickets, "a ticket at the service desk", lambda: "none")
        world.await_facts(case, RESIGNED)
    stated = _stated(world)

    assert process.returncode == 0
    assert [(fact.name, fact.case_id, fact.fields["ticket"]) for fact in stated] == [
        ("LaptopCollectionBooked", str(case.id), "T-1")
    ]
    assert list(tickets.values()) == [f'{{"collect_laptop_of":"{leaver.employee_id}"}}']
    assert contents(checkout) == existing | contents(NEWCOMER)
    assert not existing.keys() & contents(NEWCOMER).keys()


def _stated(world: World) -> list[Fact]:
    where = world.stack.endpoints
    topics = Topics(where.kafka, where.registry, ["ems.facilities.v1"])
    try:
        return [topics.fact(record) for record in topics.read()]
    finally:
        topics.close()
