"""A reaction: one event type, one handler, one target, and the facts that it may end in."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar, overload

from choreography.declare.effect import Effect
from choreography.declare.event import Event, roles
from choreography.errors import InvalidDeclaration

P = TypeVar("P")
E = TypeVar("E", bound=Event)
F1 = TypeVar("F1", bound=Event)
F2 = TypeVar("F2", bound=Event)
F3 = TypeVar("F3", bound=Event)
F4 = TypeVar("F4", bound=Event)


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
