"""A group, as far as Access looks at one, and whom a member object of it names.

A group may have tens of thousands of members, while whose reading nothing else of this process runs: each is read in
a microsecond or two.
"""

import re
from dataclasses import dataclass
from typing import Final

from consumers.shared.directory.client import Resource, attribute, text

_PAGES: Final = frozenset({20, 25, 30, 40, 64, 128, 256, 512, 999, 1024, 2048, 4096, 9999})  # beside all fifties
_GUID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A member object of a SCIM Group."""

    value: str | None = None
    type: str | None = None
    ref: str | None = None
    display: str | None = None

    @property
    def is_group(self) -> bool:
        """Whether it names a group, whose members are in this group, too."""
        return (self.type or "").lower() == "group" or "/groups/" in (self.ref or "").lower()


@dataclass(frozen=True)
class Group:
    """A SCIM Group.

    Attributes:
        shown: whether it shows members, all of them readable; one that shows none may hide them.
    """

    id: str
    display_name: str | None = None
    members: tuple[GroupMember, ...] = ()
    version: str | None = None
    shown: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether a list of its members may be sent back: not where it ends as a page does, and may go on unseen."""
        number = len(self.members)
        return self.shown and number % 50 != 0 and number not in _PAGES


def group_of(resource: Resource) -> Group:
    """Read a Group resource."""
    said = attribute(resource, "members")
    members = tuple(_member(one) for one in said) if isinstance(said, list) else ()
    return Group(
        id=text(attribute(resource, "id")) or "",
        display_name=text(attribute(resource, "displayName")),
        members=members,
        version=version_of(resource),
        shown=isinstance(said, list) and all(one.value for one in members),
    )


def version_of(resource: Resource) -> str | None:
    """Return the version (RFC 7644 §3.14) by which a change is made conditional."""
    return text(attribute(attribute(resource, "meta"), "version")) or None


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two ids are one: a GUID is, in whatever case it is written; others are compared as they stand."""
    if one is None or other is None:
        return False
    return one == other or (one.lower() == other.lower() and _GUID.fullmatch(one) is not None)


def _member(said: object) -> GroupMember:
    if not isinstance(said, dict):
        return GroupMember(text(said))
    value, kind, ref, display = (text(attribute(said, name)) for name in ("value", "type", "$ref", "display"))
    return GroupMember(value, kind, ref, display)
