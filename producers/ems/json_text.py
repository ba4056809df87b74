"""JSON text of others: UTF-8, and no member of an object named twice.

Which of two values was meant, nobody can tell: readers take the first, or the last. A person, or a proxy, that looks at
such a request may see another one than EMS would do.
"""

import json
from collections.abc import Sequence
from typing import Any


class NoJson(Exception):  # noqa: N818 - reads better without the suffix
    """This is no JSON. Send one JSON object, in UTF-8."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class NamedTwice(NoJson):
    """A member is named twice, so nobody can tell which value is meant. Say each thing once."""


def parsed(raw: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    """Return what the text says.

    Raises:
        NoJson: nobody can tell, or it is nested too deep to be any request.
    """
    try:
        return json.loads(raw.decode(), object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise NoJson from None


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise NamedTwice
    return found
