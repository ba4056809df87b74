"""What a process needs before it can begin: topics, its group, its ledger, the ports that its reactions name."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

from choreography.declare.reaction import P
from choreography.declare.service import Service
from choreography.errors import InvalidSettings
from choreography.outbox.deadletter import dead_letters_of
from choreography.settings import ServiceSettings


@dataclass(frozen=True)
class Needs:
    """What a process needs.

    Attributes:
        reads: the topics that it subscribes to.
        writes: the topics that it states facts on, its dead letters among them.
        group: the consumer group.
        database_url: where its ledger is.
        problems: what is known to be wrong already, such as a port that is missing.
    """

    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    group: str | None = None
    database_url: str = ""
    problems: Sequence[str] = ()

    def and_writes(self, topics: Iterable[str]) -> "Needs":
        """Return the same, with further topics on which facts are stated."""
        return replace(self, writes=tuple(dict.fromkeys((*self.writes, *topics))))


def needs_of(service: Service[Any], settings: ServiceSettings, problems: Sequence[str]) -> Needs:
    """Return what a service needs beside the topics of what it states."""
    return Needs(
        reads=tuple(topic.name for topic in service.topics),
        writes=(dead_letters_of(service.group).name,),
        group=service.group,
        database_url=settings.database_for(service.group),
        problems=tuple(problems),
    )


async def opened(
    service: Service[P], stack: AsyncExitStack, opening: AbstractAsyncContextManager[P]
) -> tuple[P, Sequence[str]]:
    """Open the ports; return them and what is wrong with them, which is said together with all else that is wrong."""
    try:
        ports = await stack.enter_async_context(opening)
    except InvalidSettings as error:
        return cast("P", None), error.reasons  # nobody gets that far
    return ports, port_problems(service, ports)


def port_problems(service: Service[Any], ports: object) -> list[str]:
    """Return which ports the reactions name and nobody opened."""
    named = {name for reaction in service.reactions for name in (reaction.target, *reaction.reads)}
    missing = sorted(name for name in named if not hasattr(ports, name))
    return [f"{service.group} names the port {name!r}, which {type(ports).__name__} has not." for name in missing]
