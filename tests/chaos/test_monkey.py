"""The monkey comes to an end, also where what it wants to do cannot be done."""

import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.diary import Diary
from tests.chaos.monkey import BRIEF, Monkey
from tests.chaos.plan import SERVICES, Deed


class Supervisor:
    """Everybody has a fail point before them, and nobody gets there."""

    def __init__(self) -> None:
        self.asked = 0

    def names(self) -> tuple[str, ...]:
        return SERVICES

    def carries(self, _name: str) -> bool:
        self.asked += 1
        return True


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    diary = Diary(tmp_path / "diary.jsonl")
    yield diary
    diary.close()


def test_a_fail_point_for_which_nobody_is_free_is_given_up_with_the_load(diary: Diary) -> None:
    ground: Any = SimpleNamespace(
        services=lambda: [SimpleNamespace(name=one) for one in SERVICES],
        second_member=lambda spec: SimpleNamespace(name=f"{spec.name} (second)"),
    )
    supervisor: Any = Supervisor()
    parts = iter((0.2, 0.997))
    monkey = Monkey(
        ground,
        supervisor,
        {},
        plan=[Deed(0.1, "arm", "", "after_effect:3"), Deed(0.99, "arm", "", "after_effect:5")],
        progress=lambda: next(parts, 1.0),
        diary=diary,
        chance=random.Random(1),
        lengths=BRIEF,
    )

    monkey.start()
    monkey.join(20)

    assert not monkey.is_alive()
    assert monkey.failure is None
    assert supervisor.asked > len(SERVICES)
