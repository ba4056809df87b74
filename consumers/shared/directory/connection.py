"""The connection to the directory: nothing that it answers is waited for or read without end.

One that never ends is as good as one that is down. Where it says how long it wants to be left alone (`Retry-After`,
RFC 9110 §10.2.3), it is. It is asked only so many things at once: what waits in its own queue until it is given up is
asked again, and makes the queue longer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from httpx2 import (
    AsyncBaseTransport,
    AsyncByteStream,
    AsyncClient,
    Limits,
    ReadError,
    ReadTimeout,
    Request,
    Response,
    Timeout,
)

from choreography import Unavailable

_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_LONGEST: Final = timedelta(minutes=15)  # longer than this nobody is left alone
_LARGEST: Final = 8 * 2**20  # bytes: a group of 50,000 members; a page of a hundred people has some 200,000


def connection(
    url: str, token: str, *, seconds: float = 10.0, at_once: int = 20, transport: AsyncBaseTransport | None = None
) -> AsyncClient:
    """Return an unopened connection to the directory.

    Args:
        url: the base address, to which `/Users` and `/Groups` are appended.
        token: the bearer token.
        seconds: how long the directory may be silent, and how long a body may take.
        at_once: how many requests may be under way; more wait for them.
        transport: what carries requests; by default the network.
    """
    return AsyncClient(
        base_url=url,
        # not compressed, so that what is counted is what is read
        headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
        timeout=Timeout(seconds, connect=min(seconds, 3.0)),
        limits=Limits(max_connections=at_once, max_keepalive_connections=at_once, keepalive_expiry=60),
        event_hooks={"response": [_left_alone, _bounded(seconds)]},
        transport=transport,
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


def _bounded(seconds: float) -> Callable[[Response], Awaitable[None]]:
    """Return a hook that ends answers which are too long, or take too long as a whole."""

    async def bound(response: Response) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":  # we asked for none; it may be a bomb
            raise ReadError("The directory answered with something compressed.", request=response.request)
        if isinstance(response.stream, AsyncByteStream):
            until = asyncio.get_running_loop().time() + seconds
            response.stream = _Bounded(response.stream, response.request, until)

    return bound


class _Bounded(AsyncByteStream):
    """An answer of which no more is read than any good one has."""

    def __init__(self, stream: AsyncByteStream, request: Request, until: float) -> None:
        self._stream, self._request, self._until = stream, request, until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._stream:
            read += len(chunk)
            if read > _LARGEST:
                raise ReadError("The directory's answer has no end.", request=self._request)
            if asyncio.get_running_loop().time() > self._until:
                raise ReadTimeout("The directory's answer takes too long.", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        """Close the connection's stream."""
        await self._stream.aclose()
