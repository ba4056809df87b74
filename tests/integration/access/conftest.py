"""One directory for all tests of Access; each test has a team of its own in it."""

from collections.abc import Iterator

import pytest

from tests.integration.access.company import Directory, Team, open_directory


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A running SCIM server."""
    with open_directory(tmp_path_factory.mktemp("directory")) as server:
        yield server


@pytest.fixture
def team(directory: Directory) -> Team:
    """A leaver and a colleague in groups that nobody else is in."""
    return Team(directory)
