"""The README shows a run of the demo; here is another one."""

from pathlib import Path

import pytest

from tests import readme
from tests.e2e.demo import demo_at

pytestmark = pytest.mark.broker


def test_the_demo_prints_what_the_readme_shows_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo_at(tmp_path / "demo") as demo:
        code = demo.rest()

    assert code == 0, demo.errors
    assert readme.shape("\n".join(demo.lines)) == readme.shape(readme.demo_output())
    assert demo.leftovers() == []
