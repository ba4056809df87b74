"""The connection to the directory: nothing that it answers is waited for or read without end.

Where it says how long it wants to be left alone (`Retry-After`, RFC 9110 §10.2.3), it is. It is asked twenty things at
once at most: what waits in its own queue until it is given up is asked again, and makes the queue longer.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from httpx2 import AsyncBaseTransport, AsyncByteStream, AsyncClient, Limits, ReadError, Response, Timeout

from choreography import Unavailable

_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_LONGEST: Final = timedelta(minutes=15)  # longer than this nobody is left alone
_AT_ONCE: Final = Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=60)
_LARGEST: Final = 8 * 2**20  # bytes: a group of 50,000 members


def connection(
    url: str, token: str, *, seconds: float = 10.0, transport: AsyncBaseTransport | None = None
) -> AsyncClient:
    """Return an unopened connection to the directory.

    Args:
        url: the base address, to which `/Users` and `/Groups` are appended.
        token: the bearer token.
        seconds: how long one request may take.
        transport: what carries requests; by default the network.
    """
    # not compressed, so that what is counted is what is read
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    timeout = Timeout(seconds, connect=min(seconds, 3.0))
    hooks = {"response": [_left_alone, _bound]}
    return AsyncClient(
        base_url=url, headers=headers, timeout=timeout, limits=_AT_ONCE, event_hooks=hooks, transport=transport
    )


async def _left_alone(response: Response) -> None:
    """Raise what makes the runtime wait, where the directory says for how long."""
    said = response.headers.get("Retry-After", "")
    if response.status_code in _BUSY and (after := _delay(said, response.headers.get("Date", ""))):
        raise Unavailable(after=min(after, _LONGEST))


def _delay(said: str, now: str) -> timedelta | None:
    """Read a number of seconds, or a date; `None` where it is neither, or over."""
    try:
        after = timedelta(seconds=int(said)) if said.isdigit() else _since(now, said)
    except OverflowError:
        return _LONGEST
    except (ValueError, TypeError):
        return None
    return after if after > timedelta() else None


def _since(earlier: str, later: str) -> timedelta:
    return parsedate_to_datetime(later) - parsedate_to_datetime(earlier)


async def _bound(response: Response) -> None:
    if isinstance(response.stream, AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(AsyncByteStream):
    """An answer of which no more is read than any good one has."""

    def __init__(self, stream: AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._stream:
            read += len(chunk)
            if read > _LARGEST:
                raise ReadError("The directory's answer has no end.")
            yield chunk

    async def aclose(self) -> None:
        """Close the connection's stream."""
        await self._stream.aclose()
