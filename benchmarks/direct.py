"""The targets called directly: one service's own handlers and adapters, without broker, ledger and runtime.

Run by `benchmarks.alone`, each service in a process of its own, as in the system. What the service does about its own
fact (HR: the invitation) is done too, so that the targets are as busy. At the end the withdrawal takes all of it back.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from time import time_ns
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID, uuid4

from benchmarks.pace import paced
from choreography import ChoreographyError, Event, Service, ServiceSettings, load
from choreography.testing.fake import FakeMemory
from schemas import ExitEvent
from schemas.exits import EmployeeResigned, ResignationWithdrawn

E = TypeVar("E", bound=ExitEvent)

UNDONE: Final = ("hr", "access")  # a mail cannot be taken back


@dataclass(frozen=True)
class Case:
    """A resignation to react to, and when the reaction was begun (nanoseconds since 1970)."""

    event: EmployeeResigned
    memory: FakeMemory


class Reacted(NamedTuple):
    """When a resignation came, when the handler began, and when it was through (nanoseconds since 1970)."""

    came: int
    begun: int
    done: int


class Reactions:
    """A service's reactions, run by hand.

    Args:
        service: the declaration.
        ports: what its handlers need.
        at_once: how many reactions may run beside each other.
    """

    def __init__(self, service: Service[Any], ports: object, at_once: int) -> None:
        self._running = asyncio.Semaphore(at_once)
        self._handlers = {reaction.event: reaction.handler for reaction in service.reactions}
        self._ports = ports

    async def react(self, case: Case) -> Reacted:
        """Do what the service does about a resignation, and about its own fact; return when it did the former."""
        came = time_ns()
        async with self._running:
            begun = done = time_ns()
            with suppress(ChoreographyError):  # the target is overloaded: the effect is then missed, and said to be
                fact = await self._run(case.event, case.memory)
                done = time_ns()
                if type(fact) in self._handlers:
                    await self._run(fact, case.memory)
        return Reacted(came, begun, done)

    async def undo(self, case: Case) -> None:
        """Do what the service does about the withdrawal."""
        withdrawn = _stamped(ResignationWithdrawn(), case.event.employee_id, case.event.case_id, 2)
        with suppress(ChoreographyError):
            await self._run(withdrawn, case.memory)

    async def _run(self, event: Event, memory: FakeMemory) -> Event:
        now = datetime.now(UTC)
        fact = await self._handlers[type(event)](event, self._ports, memory.effect(event, now))
        return memory.state(event, fact, now)


async def run(name: str) -> None:
    """Say when all is open; react to the cases that are then given, and say when; undo it at the end."""
    module = import_module(f"consumers.{name}.__main__")
    service: Service[Any] = module.service
    settings: ServiceSettings = load(module.Settings)
    async with module.open_ports(settings) as ports:
        reactions = Reactions(service, ports, settings.max_in_flight_per_target)
        print("ready", flush=True)
        given = json.loads(await asyncio.to_thread(sys.stdin.readline))
        cases = [_case(one, service.group) for one in given["cases"]]
        reacted = await paced(given["rate"], reactions.react, cases)
        print(json.dumps({str(case.event.case_id): at for case, at in zip(cases, reacted, strict=True)}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        if name in UNDONE:
            for case in cases:
                await reactions.undo(case)


def _case(fields: dict[str, str], group: str) -> Case:
    own = {name: value for name, value in fields.items() if name not in {"employee_id", "case_id"}}
    event = EmployeeResigned.model_validate({**own, "submitted_on": datetime.now(UTC).date()})
    return Case(_stamped(event, fields["employee_id"], UUID(fields["case_id"]), 1), FakeMemory(group))


def _stamped(event: E, employee_id: str, case_id: UUID, order: int) -> E:
    return event.stamped(event_id=uuid4(), key=employee_id, correlation=case_id, order=order, at=datetime.now(UTC))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
