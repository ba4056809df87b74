"""The running system that all end-to-end tests share; each uses employees of its own."""

from collections.abc import Iterator

import pytest

from infra.local.stack import Stack
from tests.e2e.world import World


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[World]:
    """The system, seen from outside."""
    one = World(stack)
    yield one
    one.close()
