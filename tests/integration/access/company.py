"""A real SCIM server with people and groups in it, and the Access service reacting to events there."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
from scim2_models import Group, PatchOperation

from choreography import Effect, Event, Memory
from choreography.fake import FakeMemory
from consumers.access.ports import CriticalAccess, Ports
from consumers.access.scim import ScimAccessDirectory
from consumers.access.scim_client import R, ScimClient
from consumers.access.service import service
from schemas import ExitEvent
from schemas.exits import EmployeeResigned

TOKEN = "a-token"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CORE = "urn:ietf:params:scim:schemas:core:2.0"
E = TypeVar("E", bound=ExitEvent)
Member = frozenset[tuple[str, str]]
Step = Callable[[str], None]


class Killed(BaseException):
    """The process died at this point."""


class Directory:
    """A running SCIM server, seen by an administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        self.http = httpx2.Client(base_url=url, headers=headers)

    def person(self, employee_id: str, **attributes: object) -> str:
        """Create an account; return its SCIM id."""
        name = f"user-{uuid4().hex}"
        body = {"schemas": [f"{CORE}:User"], "userName": name, "externalId": employee_id, **attributes}
        return self._create("/Users", body)

    def group(self, name: str, *members: str | dict[str, str]) -> str:
        """Create a group; return its SCIM id."""
        objects = [{"value": one} if isinstance(one, str) else one for one in members]
        return self._create("/Groups", {"schemas": [f"{CORE}:Group"], "displayName": name, "members": objects})

    def members(self, group: str) -> set[Member]:
        """Return the member objects of a group, with all that is in them."""
        return {frozenset(one.items()) for one in self.read("Groups", group).get("members", ())}

    def version(self, group: str) -> str:
        """Return the version of a group."""
        return str(self.read("Groups", group)["meta"]["version"])

    def read(self, kind: str, resource: str) -> dict[str, Any]:
        """Return a resource as it stands."""
        found: dict[str, Any] = self.http.get(f"/{kind}/{resource}").raise_for_status().json()
        return found

    def add(self, group: str, member: str) -> None:
        """Put somebody into a group."""
        self._patch(group, {"op": "add", "path": "members", "value": [{"value": member}]})

    def remove(self, group: str, member: str) -> None:
        """Take somebody out of a group."""
        self._patch(group, {"op": "remove", "path": f'members[value eq "{member}"]'})

    def delete(self, kind: str, resource: str) -> None:
        """Delete a resource."""
        self.http.delete(f"/{kind}/{resource}").raise_for_status()

    def _create(self, path: str, body: dict[str, Any]) -> str:
        return str(self.http.post(path, json=body).raise_for_status().json()["id"])

    def _patch(self, group: str, operation: dict[str, Any]) -> None:
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        self.http.patch(f"/Groups/{group}", json=body).raise_for_status()


@contextmanager
def open_directory(folder: Path) -> Iterator[Directory]:
    """Start the sandbox's SCIM server on a free port; end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["--port", str(port), "--bearer-token", TOKEN, "--storage", str(folder / "directory.jsonl")]
    command = [sys.executable, "-m", "infra.sandbox.directory", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), "the directory did not start"
            directory = Directory(f"http://127.0.0.1:{port}")
            with directory.http:
                yield directory
        finally:
            process.terminate()


class Case:
    """An exit case of somebody, which EMS states facts about."""

    def __init__(self, employee_id: str) -> None:
        self.employee_id = employee_id
        self.id = uuid4()
        self._version = 0

    def resigned(self) -> EmployeeResigned:
        """State that the case began."""
        return self.states(EmployeeResigned, submitted_on=date(2026, 3, 2), time_zone="Europe/Berlin")

    def states(self, kind: type[E], **fields: object) -> E:
        """State the next fact of the case."""
        self._version += 1
        common = {"event_id": uuid4(), "occurred_at": NOW, "recorded_at": NOW}
        mine = {"employee_id": self.employee_id, "case_id": self.id, "case_version": self._version}
        return kind.model_validate({**common, **mine, **fields})


class Access:
    """The service and its memory of one person; a handler can be made to die at any step."""

    def __init__(self, directory: Directory, *groups: str, protected: Sequence[str] = ()) -> None:
        self.url = directory.url
        self.memory = FakeMemory(service.group)
        self.critical = CriticalAccess(system="scim", groups=groups, protected=frozenset(protected))

    def react(self, event: Event, at: Step = lambda _: None) -> Any:  # noqa: ANN401 - the fact, by its event
        """Handle an event and state the fact; `at` is called before and after everything that the handler does."""
        fact = asyncio.run(self._handle(event, at))
        return self.memory.state(event, fact, NOW)

    def redo(self, event: Event, *, die_at: int) -> Any:  # noqa: ANN401 - the fact, by its event
        """Handle an event in a process that is killed at a step, and again in the next process.

        Returns:
            The fact, or `None` when the handler has fewer steps.
        """
        try:
            asyncio.run(self._handle(event, dying(die_at)))
        except Killed:
            return self.react(event)
        return None

    def undone(self, event: Event) -> None:
        """Mark the effect of an event as undone, as the ledger does when the undoing one is done."""
        self.memory.finished.add(self.memory.effect(event, NOW).key)

    async def _handle(self, event: Event, at: Step) -> Event:
        reaction = next(one for one in service.reactions if one.event is type(event))
        async with _SteppingClient(self.url, at) as scim:
            ports = Ports(directory=ScimAccessDirectory(scim), critical=self.critical)
            effect = self.memory.effect(event, NOW)
            memory = _SteppingMemory(effect._memory, at)
            return await reaction.handler(
                event, ports, Effect(key=effect.key, now=NOW, repeated=False, released=False, memory=memory)
            )


def dying(number: int) -> Step:
    """Return what kills the process at the step of that number, counted from 0."""
    steps = iter(range(number + 1))

    def step(_: str) -> None:
        if next(steps) == number:
            raise Killed

    return step


class _SteppingClient(ScimClient):
    def __init__(self, url: str, at: Step) -> None:
        super().__init__(url, TOKEN)
        self._at = at

    async def find(self, kind: type[R], attribute: str, value: str, fits: Callable[[R], bool]) -> list[R]:
        self._at("find")
        return await super().find(kind, attribute, value, fits)

    async def read(self, kind: type[R], resource_id: str) -> R | None:
        self._at("read")
        return await super().read(kind, resource_id)

    async def change(self, group: Group, operation: PatchOperation[Group]) -> bool:
        self._at("change")
        changed = await super().change(group, operation)
        self._at("changed")
        return changed


class _SteppingMemory:
    def __init__(self, memory: Memory, at: Step) -> None:
        self._memory = memory
        self._at = at

    async def decided(self) -> tuple[str, str] | None:
        return await self._memory.decided()

    async def decide(self, kind: str, text: str, *, logged: bool) -> None:
        self._at("decide")
        await self._memory.decide(kind, text, logged=logged)
        self._at("decided")

    async def facts(self, kinds: Sequence[type[Event]], *, same_case: bool) -> Sequence[Event]:
        return await self._memory.facts(kinds, same_case=same_case)

    async def unfinished(self, kind: str) -> Sequence[str]:
        return await self._memory.unfinished(kind)

    async def claim(self) -> None:
        self._at("claim")
        await self._memory.claim()
