"""What an answer of the directory means for this service."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from httpx2 import RequestError

from choreography import Unavailable
from consumers.access.ports import DirectoryRefused
from consumers.shared.directory.client import Refused

_WORLD: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)


@contextmanager
def translated(*, untouched: bool) -> Iterator[None]:
    """Turn what the client raises into this service's outcomes, without what the directory says: it may quote names.

    Args:
        untouched: whether nothing can have been written.
    """
    try:
        yield
    except Unavailable as busy:
        raise Unavailable(untouched=untouched, after=busy.after) from busy
    except RequestError as error:
        raise Unavailable(untouched=untouched) from error
    except Refused as refusal:
        raise _outcome_of(refusal, untouched=untouched) from None


def _outcome_of(refusal: Refused, *, untouched: bool) -> Unavailable | DirectoryRefused:
    """Return what a refusal means: the directory is in trouble, or will never do it."""
    status = refusal.status
    if status in _WORLD or status >= HTTPStatus.INTERNAL_SERVER_ERROR or not refusal.said:
        return Unavailable(untouched=untouched)
    return DirectoryRefused(f"The directory refused a request with status {status}.")
