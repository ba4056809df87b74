"""Which group bears a critical name."""

from collections.abc import Iterable
from typing import Final

from choreography import Clock, SingleFlight
from consumers.access.scim.client import GROUPS, ScimClient
from consumers.access.scim.group import Group, group_of
from schemas.access import BlockFailureCause, NotTaken

_REMEMBERED: Final = 60.0  # seconds


class GroupNames:
    """Critical groups by name: remembered for a minute where exactly one bears it; who is in it never is.

    Many who leave in the same moment ask once.

    Args:
        scim: the directory's requests.
        clock: says when what is remembered is too old.
    """

    def __init__(self, scim: ScimClient, clock: Clock) -> None:
        self._scim = scim
        self._clock = clock
        self._remembered: dict[str, tuple[str, float]] = {}
        self._asking = SingleFlight[str, str | NotTaken]()

    async def bearing(self, name: str, entered: Iterable[Group]) -> Group | NotTaken:
        """Return the one group of this name as it is now; asked for again where `entered` has another that bears it."""
        known = self._known(name) or await self._asking.run(name, lambda: self._ask(name))
        if any(one.display_name == name and one.id != known for one in entered):
            known = await self._ask(name)
        group = None if isinstance(known, NotTaken) else await self._scim.group(known)
        if not isinstance(known, NotTaken) and (group is None or group.display_name != name):  # made anew, or renamed
            known = await self._ask(name)
            group = None if isinstance(known, NotTaken) else await self._scim.group(known)
        if isinstance(known, NotTaken):
            return known
        return group or NotTaken(entitlement_id=name, cause=BlockFailureCause.GROUP_NOT_FOUND)

    def _known(self, name: str) -> str | None:
        known, until = self._remembered.get(name, ("", 0.0))
        return known if self._clock.monotonic() < until else None

    async def _ask(self, name: str) -> str | NotTaken:
        found = await self._scim.find(GROUPS, "displayName", name, lambda one: group_of(one).display_name == name)
        if len(found) == 1:
            its_id = group_of(found[0]).id
            self._remembered[name] = (its_id, self._clock.monotonic() + _REMEMBERED)
            return its_id
        self._remembered.pop(name, None)
        cause = BlockFailureCause.GROUP_AMBIGUOUS if found else BlockFailureCause.GROUP_NOT_FOUND
        return NotTaken(entitlement_id=name, cause=cause)
