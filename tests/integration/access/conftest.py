"""Two directories for each file of tests of Access; each test has a team of its own in one.

For each file, since a directory that ignores filters is read as a whole, and what a thousand tests left takes long.
"""

from collections.abc import Iterator

import pytest

from tests.integration.access.canaille.directory import open_canaille
from tests.integration.access.company import Directory, Team, open_directory


@pytest.fixture(scope="module")
def polite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A running scim2-server."""
    with open_directory(tmp_path_factory.mktemp("directory")) as server:
        yield server


@pytest.fixture(scope="module")
def canaille() -> Iterator[Directory]:
    """A running canaille."""
    with open_canaille() as server:
        yield server


@pytest.fixture(params=["polite", "canaille"])
def directory(request: pytest.FixtureRequest) -> Directory:
    """A running SCIM server; `on_both` asks for the other one, too."""
    server: Directory = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def team(directory: Directory) -> Team:
    """A leaver and a colleague in groups that nobody else is in."""
    return Team(directory)
