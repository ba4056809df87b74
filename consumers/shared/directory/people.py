"""People over SCIM 2.0 (RFC 7643, RFC 7644).

Servers keep no `externalId`, or hold two people with one, and answer more than was asked (see `pages`). So each answer
is compared here, and a person is found only when exactly one fits: the right one or nobody. An employee id is the
`externalId`; of people who have none it is the `employeeNumber`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from httpx2 import AsyncBaseTransport
from pydantic import ValidationError
from scim2_client import SCIMClientException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import Group, ListResponse, ResourceType, SCIMException, ScimProvider, User

from choreography import ChoreographyError, SingleFlight, Unavailable
from consumers.shared.directory.client import Pages, Refused, checked, is_error
from consumers.shared.directory.connection import connection
from consumers.shared.directory.person import ENTERPRISE, Managed, Person, Placed

_AT_ONCE: Final = 10  # several services look people up in one directory, beside what Access asks it
_NOT_FOUND: Final = "404"
_NO_SUCH_FILTER: Final = ("400", "501")
_HR_PARTNERS: Final = "HR partners"
# What the library answers. Pydantic makes such a type anew for every look-up (10 ms) unless somebody holds it.
_HELD: Final = (ListResponse[User], ListResponse[Group])  # type: ignore[type-arg]  # as the library names it


class PersonNotFound(ChoreographyError):  # noqa: N818 - an answer of the directory, not a failure
    """Nobody in the directory has this employee id."""


class PersonAmbiguous(ChoreographyError):  # noqa: N818 - an answer of the directory, not a failure
    """Several people in the directory have this employee id."""


class ScimPeople:
    """The directory; an async context manager that keeps its connections alive.

    Who asks for a person while somebody asks for the same one shares the answer: many leave one manager at once.
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
        self._http = connection(url, token, seconds=seconds, at_once=_AT_ONCE, transport=transport)
        kinds = (User, Group)
        provider = ScimProvider(models=kinds, resource_types=[ResourceType.from_resource(kind) for kind in kinds])
        self._scim = AsyncSCIMClient(self._http, provider=provider, check_response_payload=False)
        self._pages = Pages(self._scim)
        self._asking = SingleFlight[str, tuple[Person, ...]]()
        self._reading = SingleFlight[str, Person | None]()

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        """Return everybody who has exactly this employee id: nobody, the right person, or several."""
        return await self._asking.run(employee_id, lambda: self._with_employee_id(employee_id))

    async def _with_employee_id(self, employee_id: str) -> tuple[Person, ...]:
        with _translated():
            found = [one async for one in self._pages.search(User, "externalId", employee_id)]
            known = [Person.from_scim(one) for one in found if one.get("externalId") == employee_id]
            if not known and employee_id:
                known = await self._by_number(employee_id)
        return tuple({one.id: one for one in known}.values())

    async def by_employee_id(self, employee_id: str) -> Person:
        """Return the one person who has exactly this employee id.

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
        return await self._reading.run(scim_id, lambda: self._by_id(scim_id))

    async def _by_id(self, scim_id: str) -> Person | None:
        with _translated():
            resource: object = await self._scim.query(User, scim_id)
            if is_error(resource, _NOT_FOUND):
                return None
            person = Person.from_scim(checked(resource))
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
            await self._pages.page(User, {}, 1)

    async def _by_number(self, number: str) -> list[Person]:
        try:
            found = [one async for one in self._pages.search(User, f"{ENTERPRISE}:employeeNumber", number)]
        except Refused as refusal:
            if refusal.status in _NO_SUCH_FILTER:
                return []
            raise
        people = [Person.from_scim(one) for one in found if not one.get("externalId")]
        return [one for one in people if one.employee_number == number]

    async def _members(self, group: str) -> list[Person]:
        ids: set[str] = set()
        with _translated():
            async for resource in self._pages.search(Group, "displayName", group):
                if resource.get("displayName") == group:
                    ids.update(str(member["value"]) for member in resource.get("members") or ())
        found = await asyncio.gather(*(self.by_id(one) for one in sorted(ids)))
        return [person for person in found if person is not None]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Unavailable as busy:
        raise Unavailable("people", untouched=True, after=busy.after) from busy
    except (SCIMException, SCIMClientException, ValidationError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("people", untouched=True) from error
