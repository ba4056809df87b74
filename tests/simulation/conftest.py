"""Nobody reads what thousands of histories have to say."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.runner import SILENT


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    yield
    structlog.reset_defaults()
