"""A real SCIM server with people and groups in it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from consumers.access.scim.account import EXTERNAL_ID, KnownBy
from tests.integration.access.reacting import TOKEN, Access, Case

CORE = "urn:ietf:params:scim:schemas:core:2.0"
Member = frozenset[tuple[str, str]]


class Directory:
    """A running SCIM server, seen by an administrator."""

    known_by: KnownBy = EXTERNAL_ID

    def __init__(self, url: str) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        self.http = httpx2.Client(base_url=url, headers=headers)

    def person(self, employee_id: str, **attributes: object) -> str:
        """Create an account; return its SCIM id."""
        name = f"user-{uuid4().hex}"
        body = {"schemas": [f"{CORE}:User"], "userName": name, "active": True}
        body |= {**self._known_as(employee_id), **attributes}
        return self._create("/Users", body)

    def group(self, name: str, *members: str | dict[str, str]) -> str:
        """Create a group; return its SCIM id."""
        objects = [{"value": one} if isinstance(one, str) else one for one in members]
        return self._create("/Groups", {"schemas": [f"{CORE}:Group"], "displayName": name, "members": objects})

    def members(self, group: str) -> set[Member]:
        """Return the member objects of a group, with all that is in them."""
        return {frozenset(one.items()) for one in self.read("Groups", group).get("members", ())}

    def people(self, group: str) -> set[str]:
        """Return the SCIM ids of the members of a group, each once."""
        return {self.id_of(str(one["value"])) for one in self.read("Groups", group).get("members", ())}

    def id_of(self, value: str) -> str:
        """Return the SCIM id of whom a member object names."""
        return value

    def version(self, group: str) -> str:
        """Return the version of a group."""
        return str(self.read("Groups", group)["meta"]["version"])

    def read(self, kind: str, resource: str) -> dict[str, Any]:
        """Return a resource as it stands."""
        found: dict[str, Any] = self.http.get(f"/{kind}/{resource}").raise_for_status().json()
        return found

    def add(self, group: str, member: str) -> None:
        """Put somebody into a group."""
        self.patch(group, {"op": "add", "path": "members", "value": [{"value": member}]})

    def remove(self, group: str, member: str) -> None:
        """Take somebody out of a group."""
        self.patch(group, {"op": "remove", "path": f'members[value eq "{member}"]'})

    def activate(self, account: str, *, active: bool) -> None:
        """Activate or deactivate an account."""
        whole = {**self.read("Users", account), "active": active}
        self.http.put(f"/Users/{account}", json=whole).raise_for_status()

    def delete(self, kind: str, resource: str) -> None:
        """Delete a resource."""
        self.http.delete(f"/{kind}/{resource}").raise_for_status()

    def hand_over(self, account: str, employee_id: str) -> None:
        """Let an account be somebody else's from now on."""
        whole = {**self.read("Users", account), **self._known_as(employee_id)}
        self.http.put(f"/Users/{account}", json=whole).raise_for_status()

    def _known_as(self, employee_id: str) -> dict[str, Any]:
        return {"externalId": employee_id}

    def _create(self, path: str, body: dict[str, Any]) -> str:
        return str(self.http.post(path, json=body).raise_for_status().json()["id"])

    def patch(self, group: str, operation: dict[str, Any]) -> None:
        """Change a group by one operation."""
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        self.http.patch(f"/Groups/{group}", json=body).raise_for_status()


@contextmanager
def open_directory(folder: Path) -> Iterator[Directory]:
    """Start the sandbox's SCIM server on a free port; end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["--port", str(port), "--storage", str(folder / "directory.jsonl")]
    command = [sys.executable, "-m", "infra.sandbox.directory", *arguments]
    environment = {**os.environ, "EMS_SANDBOX_TOKEN": TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), "the directory did not start"
            directory = Directory(f"http://127.0.0.1:{port}")
            with directory.http:
                yield directory
        finally:
            process.terminate()


class Team:
    """Somebody in two critical groups and a harmless one, beside a colleague."""

    def __init__(self, directory: Directory) -> None:
        self.employee_id = f"E-{uuid4().hex}"
        self.names = (f"prod-{uuid4().hex}", f"payments-{uuid4().hex}")
        self.leaver = directory.person(self.employee_id, displayName="Ada Canary", emails=[{"value": "ada@corp.local"}])
        self.colleague = directory.person(f"E-{uuid4().hex}")
        shown = {"value": self.leaver, "type": "User", "display": "Ada Canary", "$ref": f"../Users/{self.leaver}"}
        self.prod = directory.group(self.names[0], shown, self.colleague)
        self.payments = directory.group(self.names[1], self.colleague, self.leaver)
        self.critical = frozenset({self.prod, self.payments})
        self.harmless = directory.group(f"lunch-{uuid4().hex}", self.colleague, self.leaver)
        self.access = Access(directory.url, *self.names, known_by=directory.known_by)
        self.case = Case(self.employee_id)
