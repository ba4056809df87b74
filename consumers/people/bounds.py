"""How much a directory may say, and how long it may take: one that never ends is as good as one that is down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from httpx2 import AsyncByteStream, ReadError, ReadTimeout, Request, Response

LARGEST: Final = 4_000_000  # bytes; a page of a hundred people has some 200,000


def bounded(seconds: float) -> Callable[[Response], Awaitable[None]]:
    """Return a hook for responses that ends those which are too long, or take too long as a whole.

    Args:
        seconds: how long the body may take.
    """

    async def bound(response: Response) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":  # we asked for none; it may be a bomb
            raise ReadError("the directory answered with something compressed", request=response.request)
        stream = response.stream
        if isinstance(stream, AsyncByteStream):
            response.stream = _Bounded(stream, response.request, asyncio.get_running_loop().time() + seconds)

    return bound


class _Bounded(AsyncByteStream):
    def __init__(self, stream: AsyncByteStream, request: Request, until: float) -> None:
        self._stream, self._request, self._until = stream, request, until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST:
                raise ReadError("the directory answered with too much", request=self._request)
            if asyncio.get_running_loop().time() > self._until:
                raise ReadTimeout("the directory took too long", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
