"""States that are sets of members, such as the groups that a person is in."""

import json
from collections.abc import Iterable

from tests.checker.history import Effect


def members(state: object) -> frozenset[str]:
    """Return the members of a state, each as text that is the same for the same member; nothing for no state."""
    if state is None:
        return frozenset()
    if isinstance(state, Iterable) and not isinstance(state, str | dict):
        return frozenset(_text(one) for one in state)
    return frozenset((_text(state),))


def added(effect: Effect) -> frozenset[str]:
    """Return the members that came."""
    return members(effect.after) - members(effect.before)


def taken(effect: Effect) -> frozenset[str]:
    """Return the members that went."""
    return members(effect.before) - members(effect.after)


def changed(effect: Effect) -> frozenset[tuple[str, str]]:
    """Return which members came and which went."""
    return frozenset((*(("added", one) for one in added(effect)), *(("taken", one) for one in taken(effect))))


def _text(member: object) -> str:
    return member if isinstance(member, str) else json.dumps(member, sort_keys=True, ensure_ascii=False)
