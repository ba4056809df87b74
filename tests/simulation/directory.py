"""A directory: groups of people, with versions."""

from dataclasses import dataclass, field

from tests.simulation.faults import Faults
from tests.simulation.targets import Target
from tests.simulation.world import World


@dataclass
class Members:
    """Who is in a group, and its version."""

    etag: int = 0
    people: set[str] = field(default_factory=set)


class Directory(Target):
    """Groups of people, changed by one person at a time under `If-Match`."""

    def __init__(self, world: World, faults: Faults, travels: float) -> None:
        super().__init__(world, faults, "directory", travels)
        self.groups: dict[str, Members] = {}

    def put(self, person: str, groups: list[str]) -> None:
        """Set the scene: this person is in these groups from the beginning."""
        for group in groups:
            self.groups.setdefault(group, Members()).people.add(person)

    def of(self, person: str) -> list[str]:
        """Return the groups of a person."""
        return sorted(name for name, group in self.groups.items() if person in group.people)

    def read(self, group: str) -> Members:
        """Return a group as it is now."""
        found = self.groups[group]
        return Members(found.etag, set(found.people))

    def change(self, group: str, person: str, *, is_member: bool, if_match: int) -> bool:
        """Take somebody in or out; return whether the group was as it had been read."""
        found, before = self.groups[group], self.of(person)
        if found.etag != if_match:
            return False
        found.etag += 1
        (found.people.add if is_member else found.people.discard)(person)
        self.accept("set", person, key=person, before=before, after=self.of(person))
        return True

    def stir(self, chance: float) -> None:
        """Have somebody else change a group: its version grows."""
        names = sorted(self.groups)
        self.groups[names[int(chance * len(names))]].etag += 1
