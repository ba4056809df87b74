"""Idempotency keys: those of senders and those that EMS makes itself, in one table and never in each other's way.

Whoever may hand in requests could otherwise take the key of somebody else's request before that one comes.
"""

from typing import Final

OWN: Final = "ems:"


def own_key(kind: str, name: str) -> str:
    """Return a key that no sender may use."""
    return f"{OWN}{kind} {name}"


def is_own(key: str) -> bool:
    """Return whether no sender may use this key."""
    return key.startswith(OWN)
