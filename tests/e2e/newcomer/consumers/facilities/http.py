"""The service desk over HTTP."""

from types import TracebackType
from typing import Self
from uuid import UUID

from httpx2 import AsyncClient, HTTPError

from choreography import Unavailable


class HttpServiceDesk:
    """A service desk that keeps one ticket per key: putting it twice is putting it once."""

    def __init__(self, url: str) -> None:
        self._http = AsyncClient(base_url=url)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def open_ticket(self, *, key: UUID, employee_id: str) -> str:
        """Do what the port says."""
        try:
            answer = await self._http.put(f"/tickets/{key}", json={"collect_laptop_of": employee_id})
            answer.raise_for_status()
        except HTTPError as error:
            raise Unavailable from error
        return str(answer.json()["number"])
