"""The first step on a new machine: what is missing is named, and nothing comes from outside the locks."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.lockfile import read_lock

LOCKS = ("requirements.lock", "requirements-dev.lock")
ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "infra" / "bin" / "install.sh"


def install(place: Path, python: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHON": python, "PATH": "/usr/bin:/bin"}
    command = [INSTALL, place, ROOT / LOCKS[0]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_named_with_what_to_install(tmp_path: Path) -> None:
    old = _interpreter(tmp_path, "exit 1")

    done = install(tmp_path / "venv", old)

    assert done.returncode == 1
    assert f"Python 3.11 or newer is needed, and {old} is not it." in done.stderr
    assert "make PYTHON=/path/to/python3.12 demo" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_is_named_with_what_to_install(tmp_path: Path) -> None:
    bare = _interpreter(tmp_path, 'case "$2" in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; esac')

    done = install(tmp_path / "venv", bare)

    assert done.returncode == 1
    assert f"{bare} has no venv module" in done.stderr
    assert "apt install python3.12-venv" in done.stderr


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_with_its_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert len(requirements) > 50
    assert [one for one in requirements if "==" not in one or "--hash=sha256:" not in one] == []
    assert "://" not in text


def test_what_developing_needs_is_what_running_needs_and_more() -> None:
    running, developing = map(locked, LOCKS)

    assert running < developing


def test_everything_that_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    running, developing = ({one.partition("==")[0] for one in locked(lock)} for lock in LOCKS)

    assert names(project["dependencies"] + extras["local"] + extras["install"]) - running == set()
    assert names(extras["dev"]) - {project["name"]} - developing == set()


def test_whatever_the_code_imports_is_installed_for_running() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        name
        for package in ("choreography", "schemas", "producers", "consumers", "infra")
        for file in (ROOT / package).rglob("*.py")
        for name in imports(ast.parse(file.read_text(encoding="utf-8")))
    }
    foreign = imported - sys.stdlib_module_names - {"choreography", "schemas", "producers", "consumers", "infra"}
    needed = {name: {one.lower().replace("_", "-") for one in distributions.get(name, ())} for name in foreign}
    running = {one.partition("==")[0] for one in locked(LOCKS[0])}

    assert len(needed) > 20
    assert {name for name, packages in needed.items() if not packages & running} == set()


@pytest.mark.parametrize("folder", ["kafka", "registry"])
def test_every_java_artifact_is_locked_with_its_hash_and_no_address(folder: str) -> None:
    file = ROOT / "infra" / folder / "jgo.lock.toml"

    assert all(re.fullmatch("[0-9a-f]{64}", artifact.sha256) for artifact in read_lock(file))
    assert "://" not in file.read_text()


def test_kafkas_jars_are_all_of_one_version() -> None:
    jars = read_lock(ROOT / "infra" / "kafka" / "jgo.lock.toml")
    versions = {jar.version for jar in jars if jar.group == "org.apache.kafka"}

    assert len(jars) == 53
    assert len(versions) == 1, "`!` is missing in jgo.toml"


@pytest.mark.parametrize(
    ("target", "locks"), [("demo", LOCKS[:1]), ("up", LOCKS[:1]), ("unit", LOCKS), ("test", LOCKS)]
)
def test_running_installs_what_running_needs_alone(tmp_path: Path, target: str, locks: tuple[str, ...]) -> None:
    for file in ("Makefile", "pyproject.toml", *LOCKS, "infra/bin/install.sh"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)

    told = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert tuple(re.findall(r"install\.sh \.venv (\S+)", told)) == locks


def test_a_build_server_begins_with_nothing_and_skips_nothing(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    run = Path(shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci"))
    (tmp_path / "Makefile").write_text("clean test:\n\t@echo $@ $(CI)\n")

    done = subprocess.run([run], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})

    assert done.stdout.split() == ["clean", "test", "true"]


def locked(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][\w.-]*==[^ ]+)", (ROOT / lock).read_text(), re.MULTILINE))


def imports(module: ast.AST) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", one)[0].lower() for one in requirements}


def _interpreter(place: Path, script: str) -> str:
    file = place / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)
