"""The second directory: canaille, less polite than the first.

It ignores filters, answers 500 to a page of a given length and to the filtered remove, names members by user name,
keeps no `externalId`, and its versions last for a second.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from filelock import FileLock

from consumers.access.scim.account import EMPLOYEE_NUMBER
from consumers.shared.directory.person import ENTERPRISE
from infra.local.cache import cache_dir
from tests.integration.access.company import CORE, Directory
from tests.integration.access.reacting import TOKEN
from tests.missing import missing

_HERE: Final = Path(__file__).parent
_LOCK: Final = _HERE / "requirements.lock"


class CanailleDirectory(Directory):
    """Canaille, seen by an administrator."""

    known_by = EMPLOYEE_NUMBER

    def person(self, employee_id: str, **attributes: object) -> str:
        """Create an account; return its SCIM id."""
        name = f"user-{uuid4().hex}"
        body = {
            "schemas": [f"{CORE}:User", ENTERPRISE],
            "userName": name,
            "displayName": name,
            "name": {"familyName": name, "formatted": name},
            "active": True,
            **self._known_as(employee_id),
            **attributes,
            "emails": [{"value": f"{name}@example.com"}],  # it refuses many other addresses
        }
        return self._create("/Users", body)

    def group(self, name: str, *members: str | dict[str, str]) -> str:
        """Create a group; return its SCIM id."""
        return super().group(name, *(self._member(one if isinstance(one, str) else one["value"]) for one in members))

    def id_of(self, value: str) -> str:
        """Return the SCIM id of whom a member object names."""
        return str(self.read("Users", value)["id"])

    def add(self, group: str, member: str) -> None:
        """Put somebody into a group."""
        self._put(group, [*self._objects(group), self._member(member)])

    def remove(self, group: str, member: str) -> None:
        """Take somebody out of a group."""
        self._put(group, [one for one in self._objects(group) if self.id_of(one["value"]) != member])

    def _known_as(self, employee_id: str) -> dict[str, Any]:
        return {ENTERPRISE: {"employeeNumber": employee_id}}

    def _member(self, account: str) -> dict[str, str]:
        return {"value": account, "$ref": f"{self.url}/Users/{account}"}

    def _objects(self, group: str) -> list[dict[str, str]]:
        return list(self.read("Groups", group).get("members", ()))

    def _put(self, group: str, members: list[dict[str, str]]) -> None:
        body: dict[str, Any] = {**self.read("Groups", group), "members": members}
        self.http.put(f"/Groups/{group}", json=body).raise_for_status()


@contextmanager
def open_canaille() -> Iterator[Directory]:
    """Start canaille on a free port, in an environment of its own; end it afterwards."""
    command = [str(_python()), str(_HERE / "serve.py"), TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, "canaille did not start"
            directory = CanailleDirectory(address)
            with directory.http:
                yield directory
        finally:
            process.terminate()


def _python() -> Path:
    """Return the interpreter of canaille's environment, which is made once for each lock file and Python."""
    kind = sha256(_LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = cache_dir() / f"canaille-{kind}"
    place.parent.mkdir(parents=True, exist_ok=True)
    interpreter, ready = place / "bin" / "python", place / "ready"
    with FileLock(f"{place}.lock"):
        if not ready.exists():
            _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(place))
            _uv("pip", "install", "--quiet", "--require-hashes", "--python", str(interpreter), "-r", str(_LOCK))
            ready.touch()
    return interpreter


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"Canaille could not be installed: {done.stderr.strip()}")
