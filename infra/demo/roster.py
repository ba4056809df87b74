"""What the directory proves: who is in which group, member object by member object; read by SCIM."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.demo.cast import Cast
from infra.demo.proof import Proof
from infra.sandbox.company import CRITICAL_GROUPS
from infra.sandbox.probes import Directory, Member

WHERE: Final = "directory (SCIM)"

Groups = Mapping[str, frozenset[Member]]


@dataclass(frozen=True)
class Roster:
    """The members of every group at one time, and which of them is the leaver."""

    groups: Groups
    leaver: frozenset[str]

    @classmethod
    def read(cls, directory: Directory, cast: Cast) -> "Roster":
        """Read every group."""
        groups = {name: group.members for name, group in directory.groups().items()}
        return cls(groups, frozenset(one.id for one in directory.accounts(cast.leaver.employee_id)))

    def without_critical_since(self, before: "Roster", what: str) -> Proof:
        """Prove that the leaver, and nobody else, is out of the critical groups, and every other group untouched."""
        expected = {
            name: frozenset(one for one in members if name not in CRITICAL_GROUPS or one.id not in self.leaver)
            for name, members in before.groups.items()
        }
        return Proof(what, WHERE, _differences(expected, self.groups))

    def unchanged_since(self, before: "Roster", what: str) -> Proof:
        """Prove that every group has exactly the members that it had."""
        return Proof(what, WHERE, _differences(before.groups, self.groups))


def _differences(expected: Groups, found: Groups) -> str:
    nobody: frozenset[Member] = frozenset()
    return ", ".join(
        f"{name} {sign} {member.display}"
        for name in sorted({*expected, *found})
        for sign, members in (
            ("with", found.get(name, nobody) - expected.get(name, nobody)),
            ("without", expected.get(name, nobody) - found.get(name, nobody)),
        )
        for member in sorted(members, key=lambda one: one.display)
    )
