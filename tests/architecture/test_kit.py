"""The rooms of the kit: their floors, proved by the imports, and the guides that stand at their doors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import choreography

KIT = Path(choreography.__file__).parent
FLOORS = re.findall(r"`(\w+)`", (choreography.__doc__ or "").partition("from the ground up")[2].partition("Each")[0])
ROOT = {file.stem for file in KIT.glob("*.py")} - {"__init__"}


def modules(package: str) -> set[str]:
    return {file.stem for file in (KIT / package).glob("*.py")} - {"__init__"}


def imported(file: Path) -> Iterator[str]:
    """Yield what a file imports of the kit, without the first part of the name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("choreography."):
            yield str(node.module).removeprefix("choreography.")
        elif isinstance(node, ast.ImportFrom) and node.module == "choreography":
            yield from (alias.name for alias in node.names)


def test_the_kit_names_every_package_in_the_order_of_its_floors() -> None:
    assert set(FLOORS) == {folder.parent.name for folder in KIT.glob("*/__init__.py")}
    assert len(FLOORS) == len(set(FLOORS)) >= 10


@pytest.mark.parametrize("floor", FLOORS)
def test_a_package_of_the_kit_imports_only_what_stands_below_it(floor: str) -> None:
    below = ROOT | set(FLOORS[: FLOORS.index(floor) + 1])
    above = {
        f"{file.relative_to(KIT)} imports {name}"
        for file in (KIT / floor).glob("*.py")
        for name in imported(file)
        if name.partition(".")[0] not in below
    }

    assert above == set()


def test_what_stands_at_the_root_imports_nothing_but_the_root() -> None:
    above = {
        f"{file.name} imports {name}"
        for file in KIT.glob("*.py")
        if file.stem != "__init__"
        for name in imported(file)
        if name not in ROOT
    }

    assert above == set()


def test_the_kit_names_what_stands_at_its_root() -> None:
    said = (choreography.__doc__ or "").partition("what stands here at the root:")[2]

    assert set(re.findall(r"`(\w+)`", said)) == ROOT


@pytest.mark.parametrize("package", FLOORS)
def test_the_guide_of_a_package_says_what_it_promises_and_where_to_begin(package: str) -> None:
    guide = ast.get_docstring(ast.parse((KIT / package / "__init__.py").read_text(encoding="utf-8"))) or ""
    words = set(re.findall(r"`(?:\w+\.)?(\w+)`", guide))

    assert modules(package) - words == set()
    assert "floor" in guide
    assert "romise" in guide
    assert len(guide.splitlines()) <= 15


def test_the_public_face_is_said_once_for_types_and_once_for_loading_and_means_the_same() -> None:
    tree = ast.parse((KIT / "__init__.py").read_text(encoding="utf-8"))
    (for_types,) = [node for node in tree.body if isinstance(node, ast.If)]
    said = {
        (node.module, alias.name) for node in for_types.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }

    loaded = {(home, name) for name, home in vars(choreography)["_HOME"].items()}

    assert said == loaded
    assert {name for _, name in said} == set(choreography.__all__)


def test_asking_the_kit_for_what_it_has_not_names_its_face() -> None:
    with pytest.raises(AttributeError, match="public face"):
        choreography.nothing_of_the_kind  # noqa: B018 - asking is what is tested
