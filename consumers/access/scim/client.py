"""The SCIM requests (RFC 7644) of Access beside the library's: it changes one thing under its version.

Who refuses to change single members (canaille answers 500) is given the whole list of them (PUT, §3.5.1): the group is
read again as it stands, with all that we do not look at, and sent back with nothing but its members changed. Without a
version somebody else's change could be lost, and nothing is written. A list without anybody is never sent.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from httpx2 import Response

from consumers.access.ports import DirectoryRefused
from consumers.access.scim.account import Account, account_of
from consumers.access.scim.group import Group, group_of, version_of
from consumers.access.scim.outcomes import translated
from consumers.shared.directory.client import NO_SUCH_FILTER, DirectoryClient, Refused, Resource, attribute, checked

USERS: Final = "/Users"
GROUPS: Final = "/Groups"
Operation = dict[str, Any]
Change = Callable[[list[Any]], list[Any]]
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_JSON: Final = "application/scim+json"
_NOT_AS_READ: Final = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND)
_NO_SINGLE_MEMBERS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.NOT_IMPLEMENTED,
)


class ScimClient(DirectoryClient):
    """A directory's requests over an open connection."""

    async def account(self, account_id: str) -> Account | None:
        """Return the account as it is now, with its version; `None` when there is none."""
        found = await self.read(USERS, account_id)
        return account_of(found) if found else None

    async def group(self, group_id: str) -> Group | None:
        """Return the group as it is now, with its version and all its members; `None` when there is none."""
        found = await self.read(GROUPS, group_id)
        return group_of(found) if found else None

    async def groups_with(self, member_id: str) -> dict[str, Group] | None:
        """Return the groups that the directory finds by a member, by id; `None` where it cannot be asked so."""
        if await self.can("filter") is False:
            return None
        try:
            found = [group_of(one) async for one in self.search(GROUPS, "members.value", member_id)]
        except Refused as refusal:
            if refusal.status not in NO_SUCH_FILTER:
                raise
            return None
        return {one.id: one for one in found}

    async def can_change(self, group: Group) -> bool:
        """Whether its members can be changed: one by one, or all at once under its version."""
        return await self.can("patch") is not False or group.version is not None

    async def change(self, group: Group, operations: list[Operation], whole: Change | None) -> bool:
        """Change the group, provided that it is as it was read; return whether it was.

        Args:
            group: as it was read.
            operations: what changes single members.
            whole: makes the same change to the list of all members, for a server that refuses the operations;
                `None` where not all members are seen, of whom the rest would be lost.

        Raises:
            DirectoryRefused: it changes no single members, and all of them cannot be written.
        """
        if await self.can("patch") is not False:
            answer = await self._patch(f"{GROUPS}/{group.id}", operations, group.version)
            if answer.status_code not in _NO_SINGLE_MEMBERS:
                return _was_as_read(answer)
        if whole is None:
            raise DirectoryRefused(
                f"The directory changes no single members and does not show all of {group.id}, or perhaps not: a list "
                "of those that it shows could throw the others out. Have it change single members (PATCH)."
            )
        return await self._replace_members(group, whole)

    async def set_active(self, account: Account, *, active: bool) -> bool:
        """Activate or deactivate the account, provided that it is as it was read; return whether it was."""
        operation = {"op": "replace", "path": "active", "value": active}
        return _was_as_read(await self._patch(f"{USERS}/{account.id}", [operation], account.version))

    async def probe(self) -> None:
        """Make sure that the directory answers, and accepts the token."""
        with translated(untouched=True):
            await self.count(GROUPS)

    async def _patch(self, address: str, operations: list[Operation], version: str | None) -> Response:
        body = {"schemas": [_PATCH], "Operations": operations}
        return await self._http.patch(address, json=body, headers=_headers(version))

    async def _replace_members(self, group: Group, change: Change) -> bool:
        if not group.version:
            raise DirectoryRefused(f"The directory changes no single members and keeps no version of group {group.id}.")
        found = await self.read(GROUPS, group.id)
        if found is None:
            return False
        members = change(attribute(found, "members") or [])
        if version_of(found) != group.version or not members:  # some servers' versions last for a second
            return False
        rest: Resource = {name: value for name, value in found.items() if name.lower() != "members"}
        address, body = f"{GROUPS}/{group.id}", {**rest, "members": members}
        return _was_as_read(await self._http.put(address, json=body, headers=_headers(group.version)))


def _headers(version: str | None) -> dict[str, str]:
    named = {"If-Match": version} if version else {}
    return {"Content-Type": _JSON, "Accept": _JSON, **named}


def _was_as_read(answer: Response) -> bool:
    if answer.status_code in _NOT_AS_READ:
        return False
    if not answer.is_success:
        checked(answer)
    return True
