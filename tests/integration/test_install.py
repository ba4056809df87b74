"""An install cannot rot: whatever was released since, what the lock names is installed, by uv and by the oldest pip.

The index of most of these tests is a folder of made-up wheels in which every package has a newer release than the lock
names; one of them is asked for with an extra, which the pip of Python 3.11 resolves anew unless it is told not to.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.integration.wheels import lock_of, newer_of, project_in, served, wheel
from tests.missing import missing
from tests.pythons import SUPPORTED, oldest, pythons

ROOT: Final = Path(__file__).parents[2]
INSTALL: Final = ROOT / "infra" / "bin" / "install.sh"
PLATFORMS: Final = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin")
INSTALLED: Final = (
    "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An environment of each interpreter with nothing in it but the pip that it brings."""
    made = {version: tmp_path_factory.mktemp("empty") / version for version in pythons()}
    for version, place in made.items():
        subprocess.run([pythons()[version], "-m", "venv", place], check=True)
    return made


@pytest.fixture
def project(tmp_path: Path, empty: dict[str, Path]) -> Path:
    """A project that needs `user`, which needs `base[email]`; everything but itself is in the index in two versions."""
    project_in(tmp_path)
    shutil.copytree(next(iter(empty.values())), tmp_path / "made", symlinks=True)
    return tmp_path


def install(
    place: Path, index: Path | str, *, lock: Path | None = None, script: Path = INSTALL
) -> subprocess.CompletedProcess[str]:
    """Run the script in a project whose only index is the given one, told to pip alone where it is an address.

    For a lock of ours, it stands beside the usual one.
    """
    asked = {"FIND_LINKS": str(index), **({} if lock else {"NO_INDEX": "1"})}
    told = {f"{tool}_{name}": value for tool in ("PIP", "UV") for name, value in asked.items()}
    if isinstance(index, str):
        told = {"PIP_INDEX_URL": index}
    settings = {**os.environ, **told, "PYTHON": oldest()}
    command: list[str | Path] = [script, place / "made", lock or "requirements.lock"]
    return subprocess.run(
        command, cwd=ROOT if lock else place, env=settings, capture_output=True, text=True, check=False
    )


def install_ours(place: Path, lock: str) -> None:
    """Install a lock of this project, where the index can be reached."""
    done = install(place, place, lock=ROOT / lock)
    if done.returncode and ("Could not find a version" in done.stderr or "error sending request" in done.stderr):
        missing(f"The package index cannot be reached: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "pip does it instead" not in done.stderr


def installed(place: Path) -> dict[str, str]:
    """The versions in the environment that was made, by name."""
    asked = [str(place / "made" / "bin" / "python"), "-I", "-c", INSTALLED]
    versions: dict[str, str] = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    return {name: version for name, version in versions.items() if name not in {"pip", "setuptools"}}


@pytest.mark.parametrize("version", pythons())
def test_what_the_lock_names_is_installed_though_every_package_has_a_newer_release(
    project: Path, empty: dict[str, Path], version: str
) -> None:
    shutil.rmtree(project / "made")
    shutil.copytree(empty[version], project / "made", symlinks=True)

    done = install(project, project / "wheels")

    assert (done.returncode, done.stderr) == (0, "")
    assert installed(project) == dict.fromkeys(("user", "base", "pin", "uv", "project"), "1.0")
    assert "4 Python packages of requirements.lock" in done.stdout


def test_where_there_is_no_uv_for_the_platform_the_oldest_pip_installs_the_same(project: Path) -> None:
    for release in (project / "wheels").glob("uv-*"):
        release.unlink()

    done = install(project, project / "wheels")

    assert done.returncode == 0, done.stderr
    assert installed(project) == dict.fromkeys(("user", "base", "pin", "project"), "1.0")
    assert "pip does it instead" in done.stderr


def test_a_mirror_that_only_pip_is_told_of_is_where_uv_looks_as_well(project: Path) -> None:
    with served(project / "wheels") as mirror:
        done = install(project, mirror)

    assert (done.returncode, done.stderr) == (0, "")
    assert installed(project) == dict.fromkeys(("user", "base", "pin", "uv", "project"), "1.0")


def test_resolving_the_lock_anew_is_what_fails_with_the_oldest_pip(project: Path) -> None:
    resolving = project / "resolving.sh"
    resolving.write_text(INSTALL.read_text().replace('exactly="--no-deps ', 'exactly="'))
    resolving.chmod(0o755)
    (project / "wheels" / "uv-1.0-py3-none-any.whl").unlink()

    done = install(project, project / "wheels", script=resolving)

    assert done.returncode == 1
    assert "In --require-hashes mode, all requirements must have their versions pinned" in done.stderr
    assert "mend that and run the same command again" in done.stderr


def test_a_lock_in_which_something_is_missing_is_refused_by_name(project: Path) -> None:
    lock = project / "requirements.lock"
    lock.write_text(lock_of(project / "wheels" / f"{name}-1.0-py3-none-any.whl" for name in ("user", "pin", "uv")))

    done = install(project, project / "wheels")

    assert done.returncode == 1
    assert "base" in done.stdout + done.stderr


def test_a_wheel_that_is_not_the_one_that_was_locked_is_refused(project: Path) -> None:
    wheel(project / "wheels", "pin", extras=["another"])

    done = install(project, project / "wheels")

    assert done.returncode == 1
    assert "hash" in done.stderr.lower()


@pytest.mark.timeout(600)  # a first time downloads
def test_the_locks_of_this_project_are_installed_though_every_package_has_a_newer_release(tmp_path: Path) -> None:
    newer_of(ROOT / "requirements-dev.lock", tmp_path)

    install_ours(tmp_path, "requirements.lock")
    ems = subprocess.run([tmp_path / "made" / "bin" / "ems", "--help"], capture_output=True, text=True, check=False)
    install_ours(tmp_path, "requirements-dev.lock")

    assert "resign" in ems.stdout, f"ems needs more than what running needs: {ems.stderr}"
    assert "99999.0" not in installed(tmp_path).values()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", [*pythons()][1:])
def test_the_lock_of_this_project_is_installed_on_every_other_supported_python(
    tmp_path: Path, empty: dict[str, Path], version: str
) -> None:
    newer_of(ROOT / "requirements-dev.lock", tmp_path)
    shutil.copytree(empty[version], tmp_path / "made", symlinks=True)

    install_ours(tmp_path, "requirements-dev.lock")

    assert "99999.0" not in installed(tmp_path).values()


def test_nothing_has_to_be_built_on_the_oldest_and_the_newest_python() -> None:
    uv = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--target", "unused", "--no-deps", "--no-build"]
    for version in (SUPPORTED[0], SUPPORTED[-1]):
        for platform in PLATFORMS:
            asked: list[str | Path] = [
                "--python-version",
                version,
                "--python-platform",
                platform,
                "-r",
                ROOT / "requirements-dev.lock",
            ]
            done = subprocess.run([*uv, *asked], capture_output=True, text=True, check=False)
            if "error sending request" in done.stderr:
                missing(f"The package index cannot be reached: {done.stderr.strip()}")
            assert done.returncode == 0, f"{version} on {platform}: {done.stderr}"
