"""What the directory says: read by SCIM 2.0 (RFC 7644), with nothing but plain requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2


@dataclass(frozen=True)
class Account:
    """A User: `version` is its ETag."""

    id: str
    employee_id: str
    user_name: str
    display_name: str
    active: bool
    version: str


@dataclass(frozen=True)
class Member:
    """A member object of a group, as it stands there; `id` is the SCIM id of the user."""

    id: str
    display: str
    kind: str


@dataclass(frozen=True)
class Group:
    """A Group: `version` is its ETag."""

    id: str
    name: str
    members: frozenset[Member]
    version: str


class Directory:
    """The directory, as somebody sees it who knows its address and a token.

    Args:
        url: to which `/Users` and `/Groups` are appended.
        token: the bearer token.
        seconds: how long one request may take.
    """

    def __init__(self, url: str, token: str, *, seconds: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._client = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def accounts(self, employee_id: str | None = None) -> tuple[Account, ...]:
        """Return the users with this employee id, or all.

        Raises:
            httpx2.HTTPError: the server is away or refuses.
        """
        users = (_account(found) for found in self._all("Users"))
        return tuple(one for one in users if employee_id in (None, one.employee_id))

    def groups(self) -> dict[str, Group]:
        """Return all groups by display name.

        Raises:
            httpx2.HTTPError: the server is away or refuses.
        """
        return {one.name: one for one in map(_group, self._all("Groups"))}

    def memberships(self, employee_id: str) -> frozenset[str]:
        """Return the names of the groups in which anybody with this employee id is.

        Raises:
            httpx2.HTTPError: the server is away or refuses.
        """
        ids = {one.id for one in self.accounts(employee_id)}
        return frozenset(
            name for name, group in self.groups().items() if any(member.id in ids for member in group.members)
        )

    def _all(self, kind: str) -> Iterator[dict[str, Any]]:
        seen = 0
        while True:
            page = {"startIndex": seen + 1, "count": 200}
            answer = self._client.get(f"{self._url}/{kind}", params=page).raise_for_status().json()
            found = answer.get("Resources", [])
            yield from found
            seen += len(found)
            if not found or seen >= answer["totalResults"]:
                return


def _account(found: dict[str, Any]) -> Account:
    return Account(
        id=found["id"],
        employee_id=found.get("externalId", ""),
        user_name=found.get("userName", ""),
        display_name=found.get("displayName", ""),
        active=found.get("active", True),
        version=found["meta"]["version"],
    )


def _group(found: dict[str, Any]) -> Group:
    members = frozenset(
        Member(one["value"], one.get("display", ""), one.get("type", "")) for one in found.get("members", [])
    )
    return Group(found["id"], found["displayName"], members, found["meta"]["version"])
