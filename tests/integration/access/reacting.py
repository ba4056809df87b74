"""The Access service reacting to the events of a case, in a process that can be killed at any step."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import uuid4

from httpx2 import AsyncClient, AsyncHTTPTransport

from choreography import Clock, Effect, Event, Memory
from choreography.testing.fake import FakeClock, FakeMemory
from consumers.access.ports import CriticalAccess, Mass, Ports
from consumers.access.scim import ScimAccessDirectory
from consumers.access.scim.account import EXTERNAL_ID, Account, KnownBy
from consumers.access.scim.client import Change, Operation, ScimClient
from consumers.access.scim.group import Group
from consumers.access.service import service
from consumers.shared.directory import connection
from consumers.shared.directory.client import Resource
from schemas import ExitEvent
from schemas.exits import EmployeeResigned

TOKEN = "a-token"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
E = TypeVar("E", bound=ExitEvent)
Step = Callable[[str], None]


class Killed(BaseException):
    """The process died at this point."""


class Case:
    """An exit case of somebody, which EMS states facts about."""

    def __init__(self, employee_id: str) -> None:
        self.employee_id = employee_id
        self.id = uuid4()
        self._version = 0

    def resigned(self, **fields: object) -> EmployeeResigned:
        """State that the case began."""
        return self.states(EmployeeResigned, submitted_on=date(2026, 3, 2), time_zone="Europe/Berlin", **fields)

    def states(self, kind: type[E], **fields: object) -> E:
        """State the next fact of the case."""
        self._version += 1
        common = {"event_id": uuid4(), "occurred_at": NOW, "recorded_at": NOW}
        mine = {"employee_id": self.employee_id, "case_id": self.id, "case_version": self._version}
        return kind.model_validate({**common, **mine, **fields})


class Access:
    """The service and its memory of one person; a handler can be made to die at any step."""

    def __init__(
        self,
        url: str,
        *groups: str,
        protected: Sequence[str] = (),
        mass: Mass | None = None,
        deactivates: bool = False,
        between: type[AsyncHTTPTransport] = AsyncHTTPTransport,
        known_by: KnownBy = EXTERNAL_ID,
        seconds: float = 10.0,
    ) -> None:
        self.url = url
        self.clock: Clock = FakeClock()
        self.between = between
        self.known_by = known_by
        self.seconds = seconds
        self.memory = FakeMemory(service.group)
        self.critical = CriticalAccess(
            system="scim",
            groups=groups,
            protected=frozenset(protected),
            mass=mass,
            deactivates_high_risk=deactivates,
        )

    def react(self, event: Event, at: Step = lambda _: None, *, released: bool = False) -> Any:
        """Handle an event and state the fact; `at` is called before and after everything that the handler does."""
        fact = asyncio.run(self._handle(event, at, released=released))
        return self.memory.state(event, fact, NOW)

    def killed_at(self, number: int, event: Event) -> bool:
        """Handle an event in a process that is killed at a step; return whether it got that far."""
        try:
            asyncio.run(self._handle(event, _dying(number)))
        except Killed:
            return True
        return False

    def undone(self, event: Event) -> None:
        """Mark the effect of an event as undone, as the ledger does when the undoing one is done."""
        self.memory.finished.add(self.memory.effect(event, NOW).key)

    async def _handle(self, event: Event, at: Step, *, released: bool = False) -> Event:
        reaction = next(one for one in service.reactions if one.event is type(event))
        between = self.between(verify=False)  # reading certificates would be the slowest part
        async with connection(self.url, TOKEN, seconds=self.seconds, transport=between) as http:
            scim = ScimAccessDirectory(_SteppingClient(http, at), self.clock, self.known_by)
            ports = Ports(directory=scim, headcount=scim, critical=self.critical)
            effect = self.memory.effect(event, NOW)
            memory = _SteppingMemory(effect._memory, at)
            return await reaction.handler(
                event, ports, Effect(key=effect.key, now=NOW, repeated=False, released=released, memory=memory)
            )


def _dying(number: int) -> Step:
    """Return what kills the process at the step of that number, counted from 0."""
    steps = iter(range(number + 1))

    def step(_: str) -> None:
        if next(steps) == number:
            raise Killed

    return step


class _SteppingClient(ScimClient):
    def __init__(self, http: AsyncClient, at: Step) -> None:
        super().__init__(http)
        self._at = at

    async def search(self, endpoint: str, path: str, value: str) -> AsyncIterator[Resource]:
        self._at("find")
        async for one in super().search(endpoint, path, value):
            yield one

    async def read(self, endpoint: str, resource_id: str) -> Resource | None:
        self._at("read")
        return await super().read(endpoint, resource_id)

    async def set_active(self, account: Account, *, active: bool) -> bool:
        self._at("change")
        changed = await super().set_active(account, active=active)
        self._at("changed")
        return changed

    async def change(self, group: Group, operations: list[Operation], whole: Change | None) -> bool:
        self._at("change")
        changed = await super().change(group, operations, whole)
        self._at("changed")
        return changed


class _SteppingMemory:
    def __init__(self, memory: Memory, at: Step) -> None:
        self._memory = memory
        self._at = at

    async def decided(self) -> tuple[str, str] | None:
        return await self._memory.decided()

    async def decide(self, kind: str, text: str, *, logged: bool) -> None:
        self._at("log" if logged else "decide")
        await self._memory.decide(kind, text, logged=logged)
        self._at("decided")

    async def facts(self, kinds: Sequence[type[Event]], *, same_case: bool, of: str | None) -> Sequence[Event]:
        return await self._memory.facts(kinds, same_case=same_case, of=of)

    async def unfinished(self, kind: str) -> Sequence[str]:
        return await self._memory.unfinished(kind)

    async def newest(self, number: int) -> datetime | None:
        return await self._memory.newest(number)

    async def claim(self) -> None:
        self._at("claim")
        await self._memory.claim()
