"""What happens where something that tests need cannot be had."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip on a laptop, with the reason; fail in CI, where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"This is CI, where nothing may be missing. {reason}", pytrace=False)
    pytest.skip(reason)
