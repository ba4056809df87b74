"""The few SCIM requests (RFC 7644) that Access makes: find, read, change one group under its version.

Servers differ: some ignore filters, some refuse them, some answer more than was asked. So every page is read, and
the caller compares. Only the attributes used here are declared; what else a resource holds is not looked at, so that
an odd mail address does not keep anybody's access.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

from httpx2 import AsyncClient, Timeout
from scim2_client import RequestNetworkException, SCIMClientException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import (
    URI,
    URN,
    Group,
    GroupMembership,
    ListResponse,
    Name,
    NotFoundException,
    PatchOp,
    PatchOperation,
    PreconditionFailedException,
    Reference,
    Resource,
    ResourceType,
    SCIMException,
    ScimFilter,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
)

from choreography import Unavailable
from consumers.access.ports import DirectoryRefused

_PAGE: Final = 100
_NO_FILTERS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
_WORLD: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
_USER: Final = URN("urn:ietf:params:scim:schemas:core:2.0:User")


class Account(Resource[Any]):
    """A SCIM User, as far as Access looks at one."""

    __schema__ = _USER

    user_name: str | None = None
    display_name: str | None = None
    name: Name | None = None
    groups: list[GroupMembership] | None = None


R = TypeVar("R", Account, Group)

# What the library answers and takes as these types. Pydantic makes a type anew (10 ms) unless somebody holds it.
_HELD: Final = (ListResponse[Account], ListResponse[Group], PatchOp[Group], PatchOperation[Group])


def connection(url: str, token: str, *, seconds: float = 10.0) -> AsyncClient:
    """Return an unopened connection to the directory.

    Args:
        url: the base address, to which `/Users` and `/Groups` are appended.
        token: the bearer token.
        seconds: how long one request may take.
    """
    headers = {"Authorization": f"Bearer {token}"}
    return AsyncClient(base_url=url, headers=headers, timeout=Timeout(seconds, connect=min(seconds, 3.0)))


class ScimClient:
    """A directory's requests over an open connection."""

    def __init__(self, http: AsyncClient) -> None:
        users = ResourceType(id="User", name="User", endpoint=Reference[URI]("/Users"), schema_=Reference[URI](_USER))
        provider = ScimProvider(
            models=(Account, Group),
            resource_types=[users, ResourceType.from_resource(Group)],
            policy=ScimPolicy(unknown=ScimPolicy.Unknown.ignore),
        )
        self._scim = AsyncSCIMClient(http, provider=provider)

    async def can_patch(self) -> bool:
        """Whether single members can be taken out and put back."""
        config = await self._config()
        return bool(config.patch and config.patch.supported)

    async def find(self, kind: type[R], attribute: str, value: str, fits: Callable[[R], bool]) -> list[R]:
        """Return the resources that fit, having asked for `attribute eq value`."""
        config = await self._config()
        query = f"{attribute} eq {json.dumps(value)}"  # a filter's strings are JSON's (RFC 7644 §3.4.2.2)
        if config.filter and config.filter.supported:
            try:
                return [one for one in await self._all(kind, query) if fits(one)]
            except SCIMException as error:
                if error.status not in _NO_FILTERS:
                    raise
        return [one for one in await self._all(kind, None) if fits(one)]

    async def read(self, kind: type[R], resource_id: str) -> R | None:
        """Return the resource as it is now, with its version; `None` when there is none."""
        try:
            return cast("R", await self._scim.query(kind, resource_id))
        except NotFoundException:
            return None

    async def change(self, group: Group, operation: PatchOperation[Group]) -> bool:
        """Change the group, provided that it is as it was read; return whether it was."""
        try:
            await self._scim.modify(group, PatchOp[Group](operations=[operation]))
        except (PreconditionFailedException, NotFoundException):
            return False
        return True

    async def probe(self) -> None:
        """Make sure that the directory answers, and accepts the token."""
        with translated(untouched=True):
            await self._scim.query(Group, query_parameters=SearchRequest[Group](count=1))

    async def _all(self, kind: type[R], query: str | None) -> list[R]:
        found: dict[str, R] = {}
        asked = None if query is None else ScimFilter[Any](query)
        while True:
            request: SearchRequest[Any] = SearchRequest(filter=asked, start_index=len(found) + 1, count=_PAGE)
            page = cast("ListResponse[R]", await self._scim.query(kind, query_parameters=request))
            fresh = {str(one.id): one for one in page.resources or () if str(one.id) not in found}
            found |= fresh
            if not fresh or len(found) >= (page.total_results or 0):
                return list(found.values())

    async def _config(self) -> ServiceProviderConfig:
        if self._scim.provider.config is None:
            await self._scim.discover(schemas=False, resource_types=False)
        return cast("ServiceProviderConfig", self._scim.provider.config)


@contextmanager
def translated(*, untouched: bool) -> Iterator[None]:
    """Turn what the library raises into this service's outcomes, without its messages: they may quote names.

    Args:
        untouched: whether nothing can have been written.
    """
    try:
        yield
    except RequestNetworkException as error:
        raise Unavailable(untouched=untouched) from error
    except SCIMException as error:
        if error.status in _WORLD or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(untouched=untouched) from None
        raise DirectoryRefused(f"The directory refused a request with status {error.status}.") from None
    except SCIMClientException:
        raise Unavailable(untouched=untouched) from None
