"""Handlers that fail now and then, before they do anything or after they did it all."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from choreography import Effect, Event, Hold, Reject, Retry, Service, Unavailable
from choreography.declare.reaction import Reaction
from tests.simulation.faults import Faults
from tests.simulation.world import World


def troubled_service(service: Service[Any], world: World, faults: Faults) -> Service[Any]:
    """Return the service with handlers that fail now and then, before they do anything or after they did it all."""
    reactions = [replace(one, handler=_troubled_handler(one, world, faults)) for one in service.reactions]
    return replace(service, reactions=reactions)


def _troubled_handler(reaction: Reaction[Any], world: World, faults: Faults) -> Any:
    """Return a handler that asks the faults first.

    What cannot be repeated fails only before it has begun: a mail that was sent by a handler which then fails for ever
    is beyond what anybody could know.
    """
    handler = reaction.handler

    async def troubled(event: Event, ports: Any, effect: Effect) -> Event:
        fault = faults.take("handler") if reaction.repeatable or not effect.repeated else None
        if not reaction.repeatable and fault == "broken after":
            fault = "away after"
        world.say(f"handles {type(event).__name__} {event.order} of {event.key} {fault or ''}")
        if fault in _BEFORE and not (fault == "hold" and effect.released):
            failure = _BEFORE[fault]()
            raise failure
        fact: Event = await handler(event, ports, effect)
        if fault == "broken after":
            raise RuntimeError("a bug of the handler's")
        if fault == "away after":
            raise Unavailable
        return fact

    return troubled


_BEFORE: Final[dict[str | None, Callable[[], Exception]]] = {
    "retry": partial(Retry, "not now"),
    "reject": partial(Reject, "never"),
    "hold": partial(Hold, "a person must see this"),
    "broken": partial(RuntimeError, "a bug of the handler's"),
    "away": Unavailable,
    "away untouched": partial(Unavailable, untouched=True),
}
HANDLER_FAULTS: Final = (*(name for name in _BEFORE if name), "broken after", "away after")
