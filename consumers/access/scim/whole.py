"""A SCIM group written as a whole (PUT, RFC 7644 §3.5.1), for a directory that does not change single members.

It is read again as it stands, with all that we do not look at, and sent back with nothing but its members changed,
under the version that was read before: without a version somebody else's change could be lost, and nothing is written.
A list without anybody is never sent.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from httpx2 import AsyncClient

from consumers.access.ports import DirectoryRefused
from consumers.access.scim.group import Group

Member = dict[str, Any]
Change = Callable[[list[Member]], list[Member]]
_JSON: Final = "application/scim+json"


async def replace_members(http: AsyncClient, group: Group, change: Change) -> int:
    """Replace the group's members, provided that it is as it was read; return the status of the answer.

    Raises:
        DirectoryRefused: the directory keeps no versions.
    """
    version = group.meta.version if group.meta else None
    if not version:
        raise DirectoryRefused(f"The directory changes no single members and keeps no version of group {group.id}.")
    address = f"/Groups/{group.id}"
    found = await http.get(address)
    if found.status_code != HTTPStatus.OK:
        return found.status_code
    whole = found.json()
    members = change(whole.get("members") or [])
    if whole.get("meta", {}).get("version") != version or not members:  # some servers' versions last for a second
        return HTTPStatus.PRECONDITION_FAILED
    whole["members"] = members
    headers = {"If-Match": version, "Content-Type": _JSON, "Accept": _JSON}
    return (await http.put(address, json=whole, headers=headers)).status_code
