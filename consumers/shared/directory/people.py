"""People over SCIM 2.0 (RFC 7643, RFC 7644).

Servers keep no `externalId`, or hold two people with one, and answer more than was asked (see `client`). So each answer
is compared here, and a person is found only when exactly one fits: the right one or nobody. An employee id is the
`externalId`; of people who have none it is the `employeeNumber`.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from httpx2 import AsyncBaseTransport, RequestError

from choreography import SingleFlight, Unavailable
from consumers.shared.directory.client import NO_SUCH_FILTER, DirectoryClient, Refused, Resource, attribute, text
from consumers.shared.directory.connection import connection
from consumers.shared.directory.person import ENTERPRISE, Managed, Person, Placed

_AT_ONCE: Final = 10  # several services look people up in one directory, beside what Access asks it
_USERS: Final = "/Users"
_HR_PARTNERS: Final = "HR partners"


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
        self._scim = DirectoryClient(self._http)
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
            answered = [one async for one in self._scim.search(_USERS, "externalId", employee_id)]
            known = _read(one for one in answered if text(attribute(one, "externalId")) == employee_id)
            if not known and employee_id:
                known = await self._by_number(employee_id)
        return tuple({one.id: one for one in known}.values())

    async def by_id(self, scim_id: str) -> Person | None:
        """Return the person with this id of the directory's own, or `None`."""
        if scim_id in ("", ".", ".."):
            return None
        return await self._reading.run(scim_id, lambda: self._by_id(scim_id))

    async def _by_id(self, scim_id: str) -> Person | None:
        with _translated():
            resource = await self._scim.read(_USERS, scim_id)
        return next((one for one in _read([resource] if resource else []) if one.id == scim_id), None)

    async def manager_of(self, person: Managed) -> Person | None:
        """Return the person's manager, active or not; `None` without one, or where it names the person."""
        if person.manager_scim_id is None or person.manager_scim_id == person.id:
            return None
        return await self.by_id(person.manager_scim_id)

    async def hr_partners_of(self, person: Placed) -> tuple[Person, ...]:
        """Return those in HR who may be responsible for the person, by employee id.

        They are the members of the group `HR partners <division>`, or else those of `HR partners`, who are active and
        not the person.
        """
        names = [f"{_HR_PARTNERS} {person.division}"] if person.division else []
        for name in [*names, _HR_PARTNERS]:
            partners = [one for one in await self._members(name) if one.active and one.id != person.id]
            if partners:
                return tuple(sorted(partners, key=lambda one: (one.employee_id == "", one.employee_id, one.id)))
        return ()

    async def probe(self) -> None:
        """Make sure that the directory answers."""
        with _translated():
            await self._scim.count(_USERS)

    async def _by_number(self, number: str) -> list[Person]:
        try:
            found = [one async for one in self._scim.search(_USERS, f"{ENTERPRISE}:employeeNumber", number)]
        except Refused as refusal:
            if refusal.status in NO_SUCH_FILTER:
                return []
            raise
        people = _read(one for one in found if not attribute(one, "externalId"))
        return [one for one in people if one.employee_number == number]

    async def _members(self, group: str) -> list[Person]:
        ids: set[str] = set()
        with _translated():
            async for resource in self._scim.search("/Groups", "displayName", group):
                if attribute(resource, "displayName") == group:
                    ids |= await self._members_of(resource)
        found = await asyncio.gather(*(self.by_id(one) for one in sorted(ids)))
        return [person for person in found if person is not None]

    async def _members_of(self, listed: Resource) -> set[str]:
        """Ask the group itself, since lists of groups leave members out."""
        its_id = text(attribute(listed, "id"))
        group = (await self._scim.read("/Groups", its_id) if its_id else None) or listed
        said = attribute(group, "members")
        members = (text(attribute(one, "value")) for one in said) if isinstance(said, list) else ()
        return {one for one in members if one}


def _read(resources: Iterable[Resource]) -> list[Person]:
    """Read those who can be told from others; what else is odd about somebody is nobody else's matter."""
    return [Person.from_scim(one) for one in resources if text(attribute(one, "id"))]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Unavailable as busy:
        raise Unavailable("people", untouched=True, after=busy.after) from busy
    except (RequestError, Refused) as error:
        raise Unavailable("people", untouched=True) from error
