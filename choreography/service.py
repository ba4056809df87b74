"""A service, declared as pure data: what it reacts to, how, and what it states.

Tools read a declaration without settings, a database or a broker. One event type has at most one reaction in a
service; a reaction has one target and ends in exactly one fact. A second effect is a second reaction, to the first
one's fact.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Generic, Literal, TypeVar, overload

from choreography.effect import Effect
from choreography.errors import InvalidDeclaration
from choreography.event import Event, roles
from choreography.topic import Topic

P = TypeVar("P")
P_contra = TypeVar("P_contra", contravariant=True)
E = TypeVar("E", bound=Event)
F1 = TypeVar("F1", bound=Event)
F2 = TypeVar("F2", bound=Event)
F3 = TypeVar("F3", bound=Event)
F4 = TypeVar("F4", bound=Event)

_GROUP: Final = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+")


@dataclass(frozen=True)
class Reaction(Generic[P]):
    """One reaction to one type of event; made by `on`."""

    event: type[Event]
    handler: Callable[[Any, P, Effect], Awaitable[Event]]
    publishes: tuple[type[Event], ...]
    target: str
    reads: tuple[str, ...]
    unless: tuple[type[Event], ...]
    within: timedelta | None
    repeatable: bool


@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1]],
    *,
    publishes: tuple[type[F1]],
    target: str,
    reads: tuple[str, ...] = (),
    unless: tuple[type[Event], ...] = (),
    within: timedelta | None = None,
    repeatable: bool = True,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2]],
    *,
    publishes: tuple[type[F1], type[F2]],
    target: str,
    reads: tuple[str, ...] = (),
    unless: tuple[type[Event], ...] = (),
    within: timedelta | None = None,
    repeatable: bool = True,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2 | F3]],
    *,
    publishes: tuple[type[F1], type[F2], type[F3]],
    target: str,
    reads: tuple[str, ...] = (),
    unless: tuple[type[Event], ...] = (),
    within: timedelta | None = None,
    repeatable: bool = True,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2 | F3 | F4]],
    *,
    publishes: tuple[type[F1], type[F2], type[F3], type[F4]],
    target: str,
    reads: tuple[str, ...] = (),
    unless: tuple[type[Event], ...] = (),
    within: timedelta | None = None,
    repeatable: bool = True,
) -> Reaction[P]: ...
def on(
    event: type[Event],
    handler: Callable[[Any, P, Effect], Awaitable[Event]],
    *,
    publishes: tuple[type[Event], ...],
    target: str,
    reads: tuple[str, ...] = (),
    unless: tuple[type[Event], ...] = (),
    within: timedelta | None = None,
    repeatable: bool = True,
) -> Reaction[P]:
    """Declare the reaction to an event.

    Args:
        event: what is reacted to.
        handler: an async function `(event, ports, effect) -> fact`; it returns one fact or raises an outcome.
        publishes: the types of fact that the handler may return.
        target: the field of `Ports` that the effect changes.
        reads: the fields of `Ports` that it only reads.
        unless: later events of the same case, on the same topic, that make this reaction pointless.
        within: the time after which the reaction counts as late.
        repeatable: `False` for an effect that cannot be made idempotent at its target, such as a mail.

    Raises:
        InvalidDeclaration: the declaration cannot work; the message says why.
    """
    name = f"The reaction to {event.__name__}"
    roles(event)
    if not inspect.iscoroutinefunction(handler):
        raise InvalidDeclaration(f"{name}: {handler!r} is not an async function.")
    if not publishes:
        raise InvalidDeclaration(f"{name} publishes nothing; a reaction ends in a fact.")
    if len({kind.topic.name for kind in publishes}) > 1:
        raise InvalidDeclaration(f"{name} publishes to several topics; a service states its facts on one topic.")
    foreign = [kind.__name__ for kind in unless if kind.topic != event.topic]
    if foreign:
        raise InvalidDeclaration(
            f"{name}: `unless` names {', '.join(foreign)}, which is on another topic. Order holds within a topic "
            f"only, so only events of {event.topic.name} can undo it in time."
        )
    if within is not None and within <= timedelta(0):
        raise InvalidDeclaration(f"{name}: `within` must be longer than nothing.")
    return Reaction(
        event=event,
        handler=handler,
        publishes=tuple(publishes),
        target=target,
        reads=reads,
        unless=unless,
        within=within,
        repeatable=repeatable,
    )


@dataclass(frozen=True, kw_only=True)
class Service(Generic[P]):
    """A service: a consumer group and its reactions.

    Attributes:
        group: the consumer group, a literal such as `ems.facilities`; its first part names the system.
        starts: where a new group begins: with what comes from now on, with all there is, or at a date.
        reactions: at most one per event type.
    """

    group: str
    starts: Literal["now", "earliest"] | date
    reactions: Sequence[Reaction[P]]

    def __post_init__(self) -> None:
        if not _GROUP.fullmatch(self.group):
            raise InvalidDeclaration(f"The group {self.group!r} is not allowed: use lower case parts joined by dots.")
        if not self.reactions:
            raise InvalidDeclaration(f"{self.group} reacts to nothing.")
        seen: set[type[Event]] = set()
        for reaction in self.reactions:
            if reaction.event in seen:
                raise InvalidDeclaration(
                    f"{self.group} has two reactions to {reaction.event.__name__}. Make the second one a reaction "
                    "to the fact of the first."
                )
            seen.add(reaction.event)

    @property
    def system(self) -> str:
        """The system that the service belongs to: the first part of its group."""
        return self.group.partition(".")[0]

    @property
    def name(self) -> str:
        """The service's own name: the group without the system."""
        return self.group.partition(".")[2]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics that it subscribes to, by name."""
        found = {reaction.event.topic.name: reaction.event.topic for reaction in self.reactions}
        return tuple(found[name] for name in sorted(found))

    @property
    def publishes(self) -> tuple[type[Event], ...]:
        """The facts that it may state, each once."""
        return tuple(dict.fromkeys(kind for reaction in self.reactions for kind in reaction.publishes))
