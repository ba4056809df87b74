"""Derived ids: stating twice is stating once. No function's name enters an id: renaming one repeats nothing."""

from uuid import UUID, uuid5

from choreography.declare.event import Event


def effect_key(event_id: UUID, group: str, resend: int = 0) -> UUID:
    """Derive the idempotency key of a group's effect for an event, so that doing twice is doing once."""
    return uuid5(event_id, f"{group}#{resend}" if resend else group)


def fact_id(effect: UUID, kind: type[Event]) -> UUID:
    """Derive the id of the fact that an effect states."""
    return uuid5(effect, kind.__name__)
