"""Asking a SCIM server (RFC 7644): servers ignore filters, answer in pages, refuse `count`, or say 404 for nobody.

Resources are plain JSON. One that is odd is the matter of whoever reads it, and keeps nobody from the others. What a
server says that it can do is asked once; where it says nothing, the least is assumed.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from httpx2 import AsyncClient, Response

from choreography import SingleFlight

Resource = dict[str, Any]
Query = dict[str, str | int]

_PAGE: Final = 100
NO_SUCH_FILTER: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
_NOT_ABOUT_LENGTH: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
_NO_CONFIG: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
)


class Refused(ValueError):  # noqa: N818 - an answer of the directory
    """The directory answered with an error, or with something that is not SCIM.

    Attributes:
        status: of HTTP; 0 where it answered well, and not in SCIM.
        said: whether it is SCIM that says so, and not something on the way.
    """

    def __init__(self, status: int = 0, *, said: bool = False) -> None:
        super().__init__(f"the directory answered with status {status}" if status else "that is not SCIM")
        self.status = status
        self.said = said

    @property
    def is_nothing(self) -> bool:
        """Whether it says that there is none."""
        return self.said and self.status == HTTPStatus.NOT_FOUND


def attribute(resource: object, name: str) -> Any:  # noqa: ANN401 - whatever JSON may hold
    """Return an attribute whatever the case of its name (RFC 7643 §2.1); `None` where there is none."""
    if not isinstance(resource, Mapping):
        return None
    if name in resource:
        return resource[name]
    return next((value for key, value in resource.items() if str(key).lower() == name.lower()), None)


def text(value: object) -> str | None:
    """Return what is written, also where a number was; `None` for what is neither."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


class DirectoryClient:
    """A directory's requests over an open connection."""

    def __init__(self, http: AsyncClient) -> None:
        self._http = http
        self._config: Resource | None = None
        self._discovering = SingleFlight[None, None]()

    async def find(
        self, endpoint: str, path: str, value: str, fits: Callable[[Resource], bool] = lambda _: True
    ) -> list[Resource]:
        """Return the resources that fit, having asked for `path eq value`; all are read where that is not answered."""
        supported = await self.can("filter")
        if supported is not False:
            try:
                found = [one async for one in self.search(endpoint, path, value) if fits(one)]
            except Refused as refusal:
                if refusal.status not in NO_SUCH_FILTER:
                    raise
            else:
                if found or supported:
                    return found
        return [one async for one in self._all(endpoint, {}) if fits(one)]

    async def search(self, endpoint: str, path: str, value: str) -> AsyncIterator[Resource]:
        """Yield what the server answers to `path eq value`, page by page, whether or not it fits."""
        query: Query = {"filter": f"{path} eq {json.dumps(value)}"}  # its strings are JSON's (RFC 7644 §3.4.2.2)
        try:
            async for one in self._all(endpoint, query):
                yield one
        except Refused as refusal:
            if not refusal.is_nothing:
                raise

    async def read(self, endpoint: str, resource_id: str) -> Resource | None:
        """Return the resource as it is now; `None` when there is none."""
        try:
            return await self._get(f"{endpoint}/{resource_id}", {})
        except Refused as refusal:
            if refusal.is_nothing:
                return None
            raise

    async def count(self, endpoint: str) -> int:
        """Return how many there are."""
        return _total(await self._page(endpoint, {}, 1)) or 0

    async def can(self, feature: str) -> bool | None:
        """Tell whether the server says that it has the feature; `None` where it says nothing."""
        if self._config is None:
            await self._discovering.run(None, self._discover)
        said = attribute(attribute(self._config, feature), "supported")
        return said if isinstance(said, bool) else None

    async def _discover(self) -> None:
        try:
            self._config = await self._get("/ServiceProviderConfig", {})
        except Refused as refusal:
            if refusal.status not in _NO_CONFIG:
                raise
            self._config = {}

    async def _all(self, endpoint: str, query: Query) -> AsyncIterator[Resource]:
        seen: set[str] = set()
        while True:
            page = await self._page(endpoint, {**query, "startIndex": len(seen) + 1}, _PAGE)
            fresh = {_key(one): one for one in _resources(page)}
            for key in seen & fresh.keys():
                del fresh[key]
            for one in fresh.values():
                yield one
            seen |= fresh.keys()
            total = _total(page)
            if not fresh or (total is not None and len(seen) >= total):
                return

    async def _page(self, endpoint: str, query: Query, count: int) -> Resource:
        """Return a page; as long as the server likes where it fails with a length and does not without one.

        Nothing is concluded for the next page: what failed once may have been a moment of weakness.
        """
        try:
            return await self._get(endpoint, {**query, "count": count})
        except Refused as refusal:
            if refusal.status in _NOT_ABOUT_LENGTH:
                raise
        return await self._get(endpoint, query)

    async def _get(self, path: str, query: Query) -> Resource:
        return checked(await self._http.get(path, params=query, headers={"Accept": "application/scim+json"}))


def checked(response: Response) -> Resource:
    """Return a resource or a page.

    Raises:
        Refused: the server answered with an error, or with something else.
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    schemas = attribute(answer, "schemas")
    error = isinstance(schemas, list) and any("Error" in str(one) for one in schemas)
    if not response.is_success:
        raise Refused(response.status_code, said=error)
    if error:
        status = text(attribute(answer, "status")) or ""
        raise Refused(int(status) if status.isdecimal() else 0, said=True)
    if not isinstance(answer, dict) or not isinstance(schemas, list):
        raise Refused
    return answer


def _resources(page: Resource) -> list[Resource]:
    found = attribute(page, "Resources")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _total(page: Resource) -> int | None:
    if attribute(page, "totalResults") is None and attribute(page, "Resources") is None:
        raise Refused  # no list
    said = text(attribute(page, "totalResults")) or ""
    return int(said) if said.isdecimal() else None


def _key(resource: Resource) -> str:
    return text(attribute(resource, "id")) or json.dumps(resource, sort_keys=True)
