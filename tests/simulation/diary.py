"""A diary: entries with versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tests.simulation.faults import Faults
from tests.simulation.targets import Target
from tests.simulation.world import World

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass
class Page:
    """What stands in a diary, and its version."""

    etag: int
    content: dict[str, Any]
    is_cancelled: bool = False


class Diary(Target):
    """Entries with versions, written under `If-None-Match` and `If-Match`.

    What is only deleted can be put again by a member that was paused between its claim and its request: nothing is
    there that could refuse it. A cancelled entry that stays can. For whoever looks into the diary it is gone, and so
    the log says.
    """

    def __init__(self, world: World, faults: Faults, travels: float | None) -> None:
        super().__init__(world, faults, "diary", travels)
        self.pages: dict[str, Page] = {}
        self._etag = 0

    def read(self, uid: str) -> Page | None:
        """Return what stands there."""
        return self.pages.get(uid)

    def put(self, uid: str, content: dict[str, Any], if_match: int | None, **about: Any) -> bool:
        """Write an entry; `if_match=None` only where there is none. Return whether the condition held."""
        found = self.pages.get(uid)
        if (found.etag if found else None) != if_match:
            return False
        self._etag += 1
        self.pages[uid] = Page(self._etag, content)
        self.accept("put", uid, before=found.content if found else None, after=content, **about)
        return True

    def cancel(self, uid: str, if_match: int | None, content: Mapping[str, Any] = NOTHING, **about: Any) -> bool:
        """Have a cancelled entry stand in place of one as it was read, or of none; return whether that held."""
        found = self.pages.get(uid)
        if (found.etag if found else None) != if_match:
            return False
        self._etag += 1
        self.pages[uid] = Page(self._etag, dict(content), is_cancelled=True)
        if found is not None:
            self.accept("delete", uid, before=found.content, after=None, **about)
        return True
