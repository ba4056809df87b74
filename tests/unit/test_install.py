"""The first step on a new machine: what is missing is named, and nothing comes from outside the locks."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from infra.local.lockfile import read_lock

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "infra" / "bin" / "install.sh"


def install(place: Path, python: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHON": python, "PATH": "/usr/bin:/bin"}
    return subprocess.run([INSTALL, place], env=environment, capture_output=True, text=True, check=False)


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


def test_every_package_is_locked_with_its_hash_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    requirements = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]

    assert len(requirements) > 50
    assert [one for one in requirements if "==" not in one or "--hash=sha256:" not in one] == []
    assert "://" not in lock


def test_everything_that_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=~!; ]", requirement)[0].lower() for requirement in asked} - {project["name"]}
    locked = set(re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))

    assert names - locked == set()


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


def _interpreter(place: Path, script: str) -> str:
    file = place / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)
