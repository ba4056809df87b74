"""Made-up packages, for an index of one's own."""

import base64
import re
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

PROJECT: Final = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "project"
version = "1.0"
"""
BACKEND: Final = """
import shutil

def build_editable(folder, settings=None, metadata=None):
    return shutil.copy("wheels/project-1.0-py3-none-any.whl", folder).rpartition("/")[2]
"""


def project_in(place: Path) -> None:
    """Write a project that needs `user`, which needs `base[email]`, with an index that has each of them twice."""
    wheels = place / "wheels"
    wheels.mkdir()
    lock = [
        wheel(wheels, "user", requires=["base[email]>=1.0"]),
        wheel(wheels, "base", requires=['pin>=1.0; extra == "email"'], extras=["email"]),
        wheel(wheels, "pin"),
        wheel(wheels, "uv", command=f'exec "{sys.executable}" -m uv "$@"'),
    ]
    for name in ("user", "base", "pin"):
        wheel(wheels, name, "9.0", requires=["uv>=9.0"])
    wheel(wheels, "uv", "9.0", command="exit 1")
    wheel(wheels, "project", requires=["user"])
    (place / "pyproject.toml").write_text(PROJECT)
    (place / "backend.py").write_text(BACKEND)
    (place / "requirements.lock").write_text(lock_of(lock))


def wheel(
    place: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    extras: Sequence[str] = (),
    command: str = "",
) -> Path:
    """Write a wheel with nothing in it but what it asks for, and a command of its name where one is given."""
    info = f"{name}-{version}.dist-info"
    asked = [*(f"Provides-Extra: {extra}" for extra in extras), *(f"Requires-Dist: {one}" for one in requires)]
    files = {
        f"{info}/METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *asked, ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if command:
        files[f"{name}-{version}.data/scripts/{name}"] = f"#!/bin/sh\n{command}\n"
    files[f"{info}/RECORD"] = "".join(map(_recorded, files.items())) + f"{info}/RECORD,,\n"
    path = place / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16  # pip makes executable only what says so
            archive.writestr(entry, content)
    return path


@contextmanager
def served(wheels: Path) -> Iterator[str]:
    """Serve wheels as an index (PEP 503); return its address."""
    index = wheels.parent / "index"
    for file in wheels.iterdir():
        place = index / file.name.partition("-")[0]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=index)) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def lock_of(wheels: Iterable[Path]) -> str:
    """Return the lock that names exactly these wheels."""
    parts = [(file.name.split("-"), sha256(file.read_bytes()).hexdigest()) for file in wheels]
    return "".join(f"{name}=={version} \\\n    --hash=sha256:{digest}\n" for (name, version, *_), digest in parts)


def newer_of(lock: Path, place: Path) -> None:
    """Write a release newer than any into `place`, of each package that the lock names."""
    for name in re.findall(r"^([a-z0-9][\w.-]*)==", lock.read_text(encoding="utf-8"), re.MULTILINE):
        wheel(place, name.replace("-", "_").replace(".", "_"), "99999.0", requires=["there-is-no-such-package"])


def _recorded(file: tuple[str, str]) -> str:
    path, content = file
    digest = base64.urlsafe_b64encode(sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content.encode())}\n"
