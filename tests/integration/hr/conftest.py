"""Tests of the adapter are done on each of the servers, tests of our own texts and rules on one of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.access.company import Directory, open_directory
from tests.integration.hr.calendars import SERVERS, calendar_server, new_owner
from tests.integration.hr.office import Office

ADAPTER = ("test_hr_calendar", "test_hr_bad_calendars")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say which servers a test is done on, where it does not say so itself."""
    says = [mark for mark in metafunc.definition.iter_markers("parametrize") if mark.args[0] == "storage"]
    if "storage" in metafunc.fixturenames and not says:
        servers = SERVERS if metafunc.module.__name__.endswith(ADAPTER) else SERVERS[:1]
        metafunc.parametrize("storage", servers, indirect=True, scope="session")


@pytest.fixture(scope="session")
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its calendars; the last part of the path is the server's name."""
    folder: Path = tmp_path_factory.mktemp("calendars") / request.param
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def url(storage: Path) -> Iterator[str]:
    """A CalDAV server of its own process."""
    with calendar_server(storage.name, storage) as address:
        yield address


@pytest.fixture
def owner(url: str) -> str:
    """Somebody with an empty calendar."""
    return new_owner(url)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A running SCIM server."""
    with open_directory(tmp_path_factory.mktemp("directory")) as server:
        yield server


@pytest.fixture
def office(url: str, people: Directory) -> Office:
    """A case, whose people are not in the directory yet."""
    return Office(url, people)
