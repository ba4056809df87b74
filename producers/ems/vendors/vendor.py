"""What every adapter of a vendor says of it: how its webhooks are signed, and what in them is somebody's exit."""

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)")
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Leaver:
    """Somebody whose exit a webhook states.

    Attributes:
        employee_id: the vendor's id or number of the person, which has to be the one that the directory knows.
        last_day: the last working day; None where the webhook does not carry it.
        event: what makes a repeat a repeat; None where only the same body is one.
    """

    employee_id: str
    last_day: date | None
    event: str | None = None


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """An HR system that sends webhooks of its own kind.

    Attributes:
        name: the last part of the route.
        title: its name, for people.
        headers: those that carry the signature.
        signed: whether this secret signed this body, at about this time where the vendor signs a time.
        read: what a verified body says: leavers, or sentences that say why something in it is none.
    """

    name: str
    title: str
    headers: tuple[str, ...]
    signed: Callable[[bytes, Mapping[str, str], bytes, datetime], bool]
    read: Callable[[Payload], Iterable[Leaver | str]]


def same(given: str, expected: str) -> bool:
    """Compare two signatures, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def at(payload: object, *path: str) -> Any:  # noqa: ANN401 - whatever a vendor sent
    """Return what lies there; None where nothing does."""
    for name in path:
        if not isinstance(payload, dict):
            return None
        payload = payload.get(name)
    return payload


def identifier(value: object) -> str | None:
    """Return an id, which some vendors send as a number; None where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def day(value: object) -> date | None:
    """Return the day of `YYYY-MM-DD`, alone or with a time after it, as it is written; None where it is neither."""
    if not isinstance(value, str) or not _DAY.match(value):
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None
