"""Which group bears a critical name."""

from collections.abc import Iterable
from typing import Final

from choreography import Clock, SingleFlight
from consumers.access.scim.client import ScimClient
from consumers.access.scim.group import Group
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

    async def group_of(self, name: str, entered: Iterable[Group | None]) -> str | NotTaken:
        """Return the id of the one group of this name; asked for again where `entered` has another that bears it."""
        known = self._known(name) or await self._asking.run(name, lambda: self._ask(name))
        unknown = [one for one in entered if one and one.display_name == name and one.id != known]
        return await self._ask(name) if unknown else known

    def _known(self, name: str) -> str | None:
        known, until = self._remembered.get(name, ("", 0.0))
        return known if self._clock.monotonic() < until else None

    async def _ask(self, name: str) -> str | NotTaken:
        found = await self._scim.find(Group, "displayName", name, lambda one: one.display_name == name)
        if len(found) == 1:
            self._remembered[name] = (str(found[0].id), self._clock.monotonic() + _REMEMBERED)
            return str(found[0].id)
        cause = BlockFailureCause.GROUP_AMBIGUOUS if found else BlockFailureCause.GROUP_NOT_FOUND
        return NotTaken(entitlement_id=name, cause=cause)
