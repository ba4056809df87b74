"""The floors of the house, proved by reading the imports of every file."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import Annotated, get_origin, get_type_hints

import pytest

from choreography import ServiceSettings

ROOT = Path(__file__).parents[2]
FLOORS = {
    "choreography": frozenset({"choreography"}),
    "schemas": frozenset({"choreography", "schemas"}),
    "producers": frozenset({"choreography", "schemas", "producers"}),
    "consumers": frozenset({"choreography", "schemas", "consumers"}),
    "infra": frozenset({"choreography", "schemas", "producers", "consumers", "infra"}),
    "benchmarks": frozenset({"choreography", "schemas", "producers", "consumers", "infra", "benchmarks"}),
}
DOMAIN_WORDS = ("ems", "resign", "employee", "interview", "withdraw", "leaver", "directory")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name))


def _is_module(package: str, name: str) -> bool:
    path = ROOT / package.replace(".", "/")
    return (path / f"{name}.py").exists() or (path / name / "__init__.py").exists()


def ours(file: Path) -> list[str]:
    return [name for name in imports(file) if name.partition(".")[0] in FLOORS]


def service_folders() -> list[Path]:
    return sorted(file.parent for file in (ROOT / "consumers").glob("*/service.py"))


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_imports_only_from_the_floors_below_it(package: str) -> None:
    above = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sources(package)
        for name in ours(file)
        if name.partition(".")[0] not in FLOORS[package]
    }

    assert above == set()
    assert sources(package)


def test_services_never_import_each_other() -> None:
    names = {folder.name for folder in service_folders()}
    foreign = {
        f"{file.relative_to(ROOT)} imports {name}"
        for folder in service_folders()
        for file in folder.rglob("*.py")
        for name in ours(file)
        if name.startswith("consumers.") and name.split(".")[1] in names - {folder.name}
    }

    assert foreign == set()
    assert names >= {"notification", "hr", "access"}


def from_libraries(file: Path) -> Iterator[tuple[str, object]]:
    """Yield what a file of a service takes from what services share, by name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("consumers.shared"):
            for alias in node.names:
                yield f"{node.module}.{alias.name}", getattr(import_module(node.module), alias.name)


def is_value(found: object) -> bool:
    """Tell whether something only says something: plain values and settings, and functions from values to values."""
    if isinstance(found, type):
        frozen = is_dataclass(found) and found.__dataclass_params__.frozen  # type: ignore[attr-defined]  # no face for it
        return frozen or found.__module__ == "builtins" or issubclass(found, tuple | Enum | ServiceSettings)
    if isfunction(found):
        return all(map(is_value, get_type_hints(found).values()))
    return get_origin(found) is Annotated


def test_a_service_takes_values_from_a_library_and_only_its_composition_root_and_adapter_what_acts() -> None:
    acting = {
        f"{file.relative_to(ROOT)} imports {name}"
        for folder in service_folders()
        for file in folder.glob("*.py")  # a folder within a service's is its adapter to a technology
        if file.name != "__main__.py"
        for name, found in from_libraries(file)
        if not is_value(found)
    }

    assert acting == set()


def test_a_library_never_imports_a_service() -> None:
    above = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sources("consumers/shared")
        for name in ours(file)
        if name.startswith("consumers.") and name.split(".")[1] != "shared"
    }

    assert above == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [("mail.is_address", True), ("mail.MailAddress", True), ("mail.Sent", True),
     ("letters.Letters", True), ("letters.Address", True), ("directory.Person", True), ("directory.ScimPeople", False),
     ("mail.MailSettings", True),
     ("mail.SmtpMailer", False), ("mail.open_mailer", False), ("letters.open_letters", False)],
)  # fmt: skip
def test_what_acts_is_told_from_values(name: str, value: bool) -> None:
    module, _, found = f"consumers.shared.{name}".rpartition(".")

    assert is_value(getattr(import_module(module), found)) is value


def test_what_proves_the_demo_knows_nothing_of_the_services() -> None:
    known = {
        f"{file.relative_to(ROOT)} imports {name}"
        for package in ("infra/demo", "infra/sandbox", "tests/e2e")
        for file in sources(package)
        if file.parts[-2] != "facilities"
        for name in ours(file)
        if name.partition(".")[0] == "consumers"
    }

    assert known == set()


def test_nobody_imports_past_the_public_face_of_the_kit_or_of_a_topic() -> None:
    past = {
        f"{file.relative_to(ROOT)} imports {name}"
        for package in ("schemas", "producers", "consumers")
        for file in sources(package)
        for name in ours(file)
        if name.startswith("choreography.")
        or (name.startswith("schemas.") and name.count(".") > 1 and package != "schemas")
    }

    assert past == set()


def test_kafka_and_avro_are_known_to_the_kit_only() -> None:
    measured = "benchmarks"  # compares what is ours with the bare library
    allowed = {"confluent_kafka": {"choreography", "infra", measured}, "fastavro": {"choreography", measured}}
    elsewhere = {
        f"{file.relative_to(ROOT)} imports {name}"
        for package in FLOORS
        for file in sources(package)
        for name in imports(file)
        for library, where in allowed.items()
        if name.partition(".")[0] == library and package not in where
    }

    assert elsewhere == set()


def test_nothing_that_replaces_another_package_comes_with_us() -> None:
    """`caldav` pulls a fork that takes the place of `urllib3` in an environment."""
    locked = set(
        re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    asked = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert not locked & {"caldav", "niquests", "urllib3-future"}
    assert "caldav" not in asked


def test_the_kit_knows_nothing_of_the_domain() -> None:
    words = {
        f"{file.relative_to(ROOT)}: {node_name}"
        for file in sources("choreography")
        for node_name in _names(file)
        for word in DOMAIN_WORDS
        if word in node_name.lower().split("_") or (len(word) > 3 and word in node_name.lower())
    }

    assert words == set()


def _names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_no_text_of_the_kit_names_the_product() -> None:
    words = {
        f"{file.relative_to(ROOT)}: {text!r}"
        for file in sources("choreography")
        for text in _texts(ast.parse(file.read_text(encoding="utf-8")))
        for word in ("exit-management", "`ems ", ".ems", "EMS_")
        if word in text
    }

    assert words == set()


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    docstrings = {id(statement.value) for statement in first if isinstance(statement, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_the_kit_runs_without_the_domain() -> None:
    script = "import sys; import choreography; print([m for m in sys.modules if m.split('.')[0] in "
    script += "('schemas', 'producers', 'consumers', 'infra')])"

    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


OPENED_AT_IMPORT = """
import importlib, os, pkgutil, socket, sqlite3, sys, threading

def refuse(*args, **kwargs):
    raise AssertionError("opened at import")

socket.socket.connect = refuse
socket.create_connection = refuse
sqlite3.connect = refuse
threading.Thread.start = refuse
import confluent_kafka
confluent_kafka.Consumer = confluent_kafka.Producer = refuse
from pydantic_settings import BaseSettings
BaseSettings.__init__ = refuse
for package in sys.argv[1:]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        importlib.import_module(module.name)
print("nothing")
"""


def test_nothing_is_opened_at_import() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EMS_")}

    result = subprocess.run(
        [sys.executable, "-c", OPENED_AT_IMPORT, *FLOORS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert result.stdout.strip() == "nothing", result.stderr


def test_every_service_folder_has_the_same_files() -> None:
    expected = {"__init__.py", "service.py", "handler.py", "ports.py", "settings.py", "__main__.py"}
    missing = {
        folder.name: expected - {file.name for file in folder.iterdir()}
        for folder in service_folders()
        if expected - {file.name for file in folder.iterdir()}
    }

    assert missing == {}


def test_handlers_say_nothing_about_delivery() -> None:
    words = ("retries", "redeliver", "offset", "partition", "dead letter", "dedup", "rebalance", "commit(")
    found = {
        f"{file.relative_to(ROOT)}: {word}"
        for folder in service_folders()
        for file in folder.glob("handler*.py")
        for word in words
        if word in file.read_text(encoding="utf-8").lower()
    }

    assert found == set()


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for package in FLOORS
        for file in sources(package)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 200
    }

    assert long == {}
