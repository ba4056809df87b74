"""The few SCIM requests (RFC 7644) that Access makes: find, read, change one group under its version.

Servers differ: some ignore filters, some refuse them, or refuse to be told the length of a page; some answer more than
was asked. So every page is read, and the caller compares. Who refuses to change single members (canaille answers 500)
is given the whole list of them. Only the attributes used here are declared; what else a resource holds is not looked
at, so that an odd mail address does not keep anybody's access.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

from httpx2 import AsyncClient
from scim2_client import SCIMResponseException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import (
    URI,
    EnterpriseUser,
    ListResponse,
    NotFoundException,
    PatchOp,
    PatchOperation,
    Path,
    PreconditionFailedException,
    Reference,
    ResourceType,
    SchemaExtension,
    SCIMException,
    ScimFilter,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
)

from choreography import SingleFlight
from consumers.access.scim.account import ENTERPRISE, USER, Account, AccountWith
from consumers.access.scim.group import Group
from consumers.access.scim.outcomes import outcome_of, translated
from consumers.access.scim.whole import Change, replace_members

_PAGE: Final = 100
_NO_FILTERS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
_NO_SINGLE_MEMBERS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.NOT_IMPLEMENTED,
)


R = TypeVar("R", Account, Group)

# What the library answers and takes as these types. Pydantic makes a type anew (10 ms) unless somebody holds it.
_HELD: Final = (
    ListResponse[Account],
    ListResponse[Group],
    PatchOp[Group],
    PatchOperation[Group],
    PatchOp[Account],
    PatchOperation[Account],
)


class ScimClient:
    """A directory's requests over an open connection."""

    def __init__(self, http: AsyncClient) -> None:
        users = ResourceType(
            id="User",
            name="User",
            endpoint=Reference[URI]("/Users"),
            schema_=Reference[URI](USER),
            schema_extensions=[SchemaExtension(schema_=Reference[URI](ENTERPRISE), required=False)],
        )
        provider = ScimProvider(
            models=(AccountWith, EnterpriseUser, Group),
            resource_types=[users, ResourceType.from_resource(Group)],
            policy=ScimPolicy(unknown=ScimPolicy.Unknown.ignore),
        )
        self._http = http
        self._scim = AsyncSCIMClient(http, provider=provider)
        self._discovering = SingleFlight[None, None]()

    async def can_change(self, group: Group) -> bool:
        """Whether its members can be changed: one by one, or all at once under its version."""
        return await self._can_patch() or bool(group.meta and group.meta.version)

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

    async def count(self, kind: type[R]) -> int:
        """Return how many there are."""
        page = await self._page(kind, SearchRequest(count=1))
        return page.total_results or 0

    async def read(self, kind: type[R], resource_id: str) -> R | None:
        """Return the resource as it is now, with its version; `None` when there is none."""
        try:
            return cast("R", await self._scim.query(kind, resource_id))
        except NotFoundException:
            return None

    async def change(self, group: Group, operation: PatchOperation[Group], whole: Change) -> bool:
        """Change the group, provided that it is as it was read; return whether it was.

        Args:
            group: as it was read.
            operation: what changes single members.
            whole: makes the same change to the list of all members, for a server that refuses the operation.
        """
        if await self._can_patch():
            try:
                await self._scim.modify(group, PatchOp[Group](operations=[operation]))
            except (PreconditionFailedException, NotFoundException):
                return False
            except (SCIMException, SCIMResponseException) as error:
                if isinstance(error, SCIMException) and error.status not in _NO_SINGLE_MEMBERS:
                    raise
            else:
                return True
        status = await replace_members(self._http, group, whole)
        if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND):
            return False
        if status >= HTTPStatus.BAD_REQUEST:
            raise outcome_of(status, untouched=False)
        return True

    async def set_active(self, account: Account, *, active: bool) -> bool:
        """Activate or deactivate the account, provided that it is as it was read; return whether it was."""
        operation = PatchOperation[Account](op=PatchOperation.Op.replace_, path=Path[Account]("active"), value=active)
        try:
            await self._scim.modify(account, PatchOp[Account](operations=[operation]))
        except (PreconditionFailedException, NotFoundException):
            return False
        return True

    async def probe(self) -> None:
        """Make sure that the directory answers, and accepts the token."""
        with translated(untouched=True):
            await self._page(Group, SearchRequest(count=1))

    async def _all(self, kind: type[R], query: str | None) -> list[R]:
        found: dict[str, R] = {}
        asked = None if query is None else ScimFilter[Any](query)
        while True:
            request: SearchRequest[Any] = SearchRequest(filter=asked, start_index=len(found) + 1, count=_PAGE)
            page = await self._page(kind, request)
            fresh = {str(one.id): one for one in page.resources or () if str(one.id) not in found}
            found |= fresh
            if not fresh or len(found) >= (page.total_results or 0):
                return list(found.values())

    async def _page(self, kind: type[R], request: SearchRequest[Any]) -> "ListResponse[R]":
        """Return a page; as long as the server likes where it does not understand a length (canaille answers 500)."""
        try:
            page = await self._scim.query(kind, query_parameters=request)
        except SCIMResponseException:
            request.count = None
            page = await self._scim.query(kind, query_parameters=request)
        return cast("ListResponse[R]", page)

    async def _can_patch(self) -> bool:
        config = await self._config()
        return bool(config.patch and config.patch.supported)

    async def _config(self) -> ServiceProviderConfig:
        if self._scim.provider.config is None:
            await self._discovering.run(None, lambda: self._scim.discover(schemas=False, resource_types=False))
        return cast("ServiceProviderConfig", self._scim.provider.config)
