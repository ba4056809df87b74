"""Plain HTTP requests to a CalDAV server, whose answers may be late, long, or not its own."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from httpx2 import AsyncBaseTransport, AsyncClient, BasicAuth, ConnectError, ConnectTimeout, Timeout, TransportError

from choreography import Unavailable

XML: Final = {"Content-Type": "application/xml; charset=utf-8"}
MOST_BYTES: Final = 4 * 1024 * 1024  # of an answer; a month of somebody's times is a hundredth of that
_BUSY: Final = frozenset({401, 407, 408, 425, 429})  # it would answer somebody else, or later
_AWAY: Final = frozenset(range(500, 600)) - {500, 501, 504, 507}
_BROKEN: Final = frozenset({500, 504})  # this request may be at fault, as well as the server


class Unanswered(Unavailable):
    """The server took the request and gave no answer to it.

    Attributes:
        broken: whether it said at once that it is broken, so that another question may have an answer.
    """

    def __init__(self, *, untouched: bool, broken: bool = False) -> None:
        super().__init__(untouched=untouched)
        self.broken = broken


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        content: the body; `None` when it is longer than anything that was asked for.
        etag: the version of what was asked for, `*` where the server says none.
    """

    status: int
    content: bytes | None
    etag: str

    @property
    def is_success(self) -> bool:
        """Whether the server did what it was asked to."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of a status


class DavServer:
    """A server; an async context manager that keeps its connections.

    Args:
        username: none for a server that asks for none.
        password: the user's.
        seconds: after which a whole answer must be there.
        transport: what carries requests; by default the network.
    """

    def __init__(self, *, username: str, password: str, seconds: float, transport: AsyncBaseTransport | None) -> None:
        auth = BasicAuth(username, password) if username else None
        self._seconds = seconds
        self._http = AsyncClient(auth=auth, timeout=Timeout(seconds, connect=min(seconds, 3.0)), transport=transport)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def ask(
        self,
        method: str,
        address: str,
        headers: dict[str, str] | None = None,
        content: bytes | str | None = None,
        *,
        writes: bool = False,
    ) -> Answer:
        """Send one request.

        Raises:
            Unavailable: the server cannot be reached, or asks to come later.
            Unanswered: it was reached, and gave no answer in time, or none but that it is broken.
        """
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._answer(method, address, headers, content)
        except (ConnectError, ConnectTimeout) as error:
            raise Unavailable(untouched=True) from error
        except (TransportError, TimeoutError) as error:
            raise Unanswered(untouched=not writes) from error
        if answer.status in _BROKEN:
            raise Unanswered(untouched=not writes, broken=True)
        if answer.status in _BUSY or answer.status in _AWAY:
            raise Unavailable(untouched=not writes)
        return answer

    async def _answer(
        self, method: str, address: str, headers: dict[str, str] | None, content: bytes | str | None
    ) -> Answer:
        body = bytearray()
        async with self._http.stream(method, address, headers=headers, content=content) as response:
            etag = response.headers.get("ETag") or "*"
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    return Answer(response.status_code, None, etag)
            return Answer(response.status_code, bytes(body), etag)
