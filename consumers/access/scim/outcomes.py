"""What an answer of the directory means for this service."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from httpx2 import RequestError
from scim2_client import RequestNetworkException, SCIMClientException
from scim2_models import SCIMException

from choreography import Unavailable
from consumers.access.ports import DirectoryRefused

_WORLD: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)


@contextmanager
def translated(*, untouched: bool) -> Iterator[None]:
    """Turn what the library raises into this service's outcomes, without its messages: they may quote names.

    Args:
        untouched: whether nothing can have been written.
    """
    try:
        yield
    except Unavailable as busy:
        raise Unavailable(untouched=untouched, after=busy.after) from busy
    except (RequestNetworkException, RequestError) as error:
        raise Unavailable(untouched=untouched) from error
    except SCIMException as error:
        raise outcome_of(error.status, untouched=untouched) from None
    except SCIMClientException:
        raise Unavailable(untouched=untouched) from None


def outcome_of(status: int, *, untouched: bool) -> Unavailable | DirectoryRefused:
    """Return what a refusal means: the directory is in trouble, or will never do it."""
    if status in _WORLD or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(untouched=untouched)
    return DirectoryRefused(f"The directory refused a request with status {status}.")
