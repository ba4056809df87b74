"""People over SCIM 2.0 (RFC 7643, RFC 7644).

Servers ignore filters, answer in pages and hold two people with one `externalId`. So every page is read, each answer
is compared here, and a person is found only when exactly one fits: the right one or nobody.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from httpx2 import AsyncBaseTransport, AsyncClient, Limits, Timeout
from pydantic import ValidationError
from scim2_client import SCIMClientException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import Group, ListResponse, Resource, ResourceType, SCIMException, ScimProvider, User

from choreography import ChoreographyError, Unavailable
from consumers.people.person import Managed, Person, Placed

_PAGE: Final = 100
_NOT_FOUND: Final = "404"
_HR_PARTNERS: Final = "HR partners"
# What the library answers. Pydantic makes such a type anew for every look-up (10 ms) unless somebody holds it.
_HELD: Final = (ListResponse[User], ListResponse[Group])  # type: ignore[type-arg]  # as the library names it


class PersonNotFound(ChoreographyError):  # noqa: N818 - an answer of the directory, not a failure
    """Nobody in the directory has this employee id."""


class PersonAmbiguous(ChoreographyError):  # noqa: N818 - an answer of the directory, not a failure
    """Several people in the directory have this employee id."""


class ScimPeople:
    """The directory; an async context manager that keeps its connections alive.

    Every method raises `Unavailable("people", untouched=True)` while the directory cannot be reached, refuses the
    token or answers with something that is not SCIM.

    Args:
        url: the base address, to which `/Users` and `/Groups` are appended.
        token: the bearer token.
        seconds: how long one request may take.
        transport: what carries requests; by default the network.
    """

    def __init__(
        self, url: str, token: str, *, seconds: float = 10.0, transport: AsyncBaseTransport | None = None
    ) -> None:
        self._http = AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=Timeout(seconds, connect=min(seconds, 3.0)),
            limits=Limits(max_keepalive_connections=10, keepalive_expiry=60),
            transport=transport,
        )
        kinds = (User, Group)
        provider = ScimProvider(models=kinds, resource_types=[ResourceType.from_resource(kind) for kind in kinds])
        self._scim = AsyncSCIMClient(self._http, provider=provider, check_response_payload=False)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        """Return everybody whose `externalId` is exactly this: nobody, the right person, or several."""
        found: dict[str, Person] = {}
        with _translated():
            async for resource in self._search(User, "externalId", employee_id):
                if resource.get("externalId") == employee_id:
                    person = Person.from_scim(resource)
                    found[person.id] = person
        return tuple(found.values())

    async def by_employee_id(self, employee_id: str) -> Person:
        """Return the one person whose `externalId` is exactly this.

        Raises:
            PersonNotFound: there is none.
            PersonAmbiguous: there are several.
        """
        found = await self.with_employee_id(employee_id)
        if not found:
            raise PersonNotFound
        if len(found) > 1:
            raise PersonAmbiguous
        return found[0]

    async def by_id(self, scim_id: str) -> Person | None:
        """Return the person with this id of the directory's own, or `None`."""
        if scim_id in ("", ".", ".."):
            return None
        with _translated():
            resource: object = await self._scim.query(User, scim_id)
            if _is_error(resource, _NOT_FOUND):
                return None
            person = Person.from_scim(_checked(resource))
        return person if person.id == scim_id else None

    async def manager_of(self, person: Managed) -> Person | None:
        """Return the person's manager, active or not; `None` without one, or where it names the person."""
        if person.manager_scim_id is None or person.manager_scim_id == person.id:
            return None
        return await self.by_id(person.manager_scim_id)

    async def hr_partner_of(self, person: Placed) -> Person | None:
        """Return who in HR is responsible for the person.

        The members of the group `HR partners <division>` are asked for first, then those of `HR partners`; of either
        the first who is active and not the person, by employee id.
        """
        names = [f"{_HR_PARTNERS} {person.division}"] if person.division else []
        for name in [*names, _HR_PARTNERS]:
            partners = [one for one in await self._members(name) if one.active and one.id != person.id]
            if partners:
                return min(partners, key=lambda one: (one.employee_id == "", one.employee_id, one.id))
        return None

    async def probe(self) -> None:
        """Make sure that the directory answers."""
        with _translated():
            _checked(await self._scim.query(User, query_parameters={"count": 1}))

    async def _members(self, group: str) -> list[Person]:
        ids: set[str] = set()
        with _translated():
            async for resource in self._search(Group, "displayName", group):
                if resource.get("displayName") == group:
                    ids.update(str(member["value"]) for member in resource.get("members") or ())
        found = await asyncio.gather(*(self.by_id(one) for one in sorted(ids)))
        return [person for person in found if person is not None]

    async def _search(self, kind: type[Resource[Any]], attribute: str, value: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the server answers to `attribute eq value`, page by page, whether or not it fits."""
        fits = f"{attribute} eq {json.dumps(value)}"  # a filter's strings are JSON's (RFC 7644 §3.4.2.2)
        seen: set[str] = set()
        start = 1
        while True:
            request = {"filter": fits, "startIndex": start, "count": _PAGE}
            page = _checked(await self._scim.query(kind, query_parameters=request))
            total = int(page["totalResults"])
            resources = [one for one in page.get("Resources") or () if str(one["id"]) not in seen]
            for resource in resources:
                seen.add(str(resource["id"]))
                yield resource
            start += len(resources)
            if not resources or start > total:
                return


def _is_error(payload: object, status: str) -> bool:
    return isinstance(payload, dict) and str(payload.get("status")) == status and "schemas" in payload


def _checked(payload: object) -> dict[str, Any]:
    """Return a resource or a page.

    Raises:
        ValueError: the server answered with an error, or with something else.
    """
    schemas = payload.get("schemas") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(schemas, list) or any("Error" in str(one) for one in schemas):
        raise ValueError("the directory answered with an error")
    return payload


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SCIMException, SCIMClientException, ValidationError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("people", untouched=True) from error
