"""A reaction: one event type, one handler, one target, and the facts that it may end in."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, Literal, TypedDict, TypeVar, overload

from choreography.declare.effect import Effect
from choreography.declare.event import Event, roles
from choreography.errors import InvalidDeclaration

P = TypeVar("P")
E = TypeVar("E", bound=Event)
F1 = TypeVar("F1", bound=Event)
F2 = TypeVar("F2", bound=Event)
F3 = TypeVar("F3", bound=Event)
F4 = TypeVar("F4", bound=Event)


Within = timedelta | Literal["whenever"]


class Common(TypedDict):
    """What a service may say for all its reactions."""

    target: str
    reads: tuple[str, ...]
    within: timedelta | None
    repeatable: bool


@dataclass(frozen=True)
class Reaction(Generic[P]):
    """One reaction to one type of event; made by `on`, and completed by its service.

    Attributes:
        said: what it says itself, of that which else its service says.
    """

    event: type[Event]
    handler: Callable[[Any, P, Effect], Awaitable[Event]]
    publishes: tuple[type[Event], ...]
    unless: tuple[type[Event], ...]
    target: str = ""
    reads: tuple[str, ...] = ()
    within: timedelta | None = None
    repeatable: bool = True
    said: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def completed(self, common: Common) -> "Reaction[P]":
        """Return it with what its service says for all, where it says nothing itself.

        Raises:
            InvalidDeclaration: neither says what it changes, or the time is none.
        """
        one = replace(self, **{**common, **self.said})
        name = f"The reaction to {self.event.__name__}"
        if not one.target:
            raise InvalidDeclaration(f"{name} has no target: name the field of `Ports` that it changes.")
        if one.within is not None and one.within <= timedelta(0):
            raise InvalidDeclaration(f"{name}: `within` must be longer than nothing.")
        return one


@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1]],
    *,
    publishes: tuple[type[F1]],
    target: str | None = None,
    reads: tuple[str, ...] | None = None,
    unless: tuple[type[Event], ...] = (),
    within: Within | None = None,
    repeatable: bool | None = None,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2]],
    *,
    publishes: tuple[type[F1], type[F2]],
    target: str | None = None,
    reads: tuple[str, ...] | None = None,
    unless: tuple[type[Event], ...] = (),
    within: Within | None = None,
    repeatable: bool | None = None,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2 | F3]],
    *,
    publishes: tuple[type[F1], type[F2], type[F3]],
    target: str | None = None,
    reads: tuple[str, ...] | None = None,
    unless: tuple[type[Event], ...] = (),
    within: Within | None = None,
    repeatable: bool | None = None,
) -> Reaction[P]: ...
@overload
def on(
    event: type[E],
    handler: Callable[[E, P, Effect], Awaitable[F1 | F2 | F3 | F4]],
    *,
    publishes: tuple[type[F1], type[F2], type[F3], type[F4]],
    target: str | None = None,
    reads: tuple[str, ...] | None = None,
    unless: tuple[type[Event], ...] = (),
    within: Within | None = None,
    repeatable: bool | None = None,
) -> Reaction[P]: ...
def on(
    event: type[Event],
    handler: Callable[[Any, P, Effect], Awaitable[Event]],
    *,
    publishes: tuple[type[Event], ...],
    target: str | None = None,
    reads: tuple[str, ...] | None = None,
    unless: tuple[type[Event], ...] = (),
    within: Within | None = None,
    repeatable: bool | None = None,
) -> Reaction[P]:
    """Declare the reaction to an event.

    Args:
        event: what is reacted to.
        handler: an async function `(event, ports, effect) -> fact`; it returns one fact or raises an outcome.
        publishes: the types of fact that the handler may return.
        target: the field of `Ports` that the effect changes.
        reads: the fields of `Ports` that it only reads.
        unless: later events of the same case, on the same topic, that make this reaction pointless.
        within: the time after which the reaction counts as late; `whenever` where it never does.
        repeatable: `False` for an effect that cannot be made idempotent at its target, such as a mail.

    What is left out of `target`, `reads`, `within` and `repeatable` is as the service says for all its reactions.

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
    given = {"target": target, "reads": reads, "within": within, "repeatable": repeatable}
    said = {key: None if value == "whenever" else value for key, value in given.items() if value is not None}
    return Reaction(event=event, handler=handler, publishes=tuple(publishes), unless=unless, said=said)
