"""Everything that the targets hold at one moment, to compare it with another one."""

from dataclasses import dataclass
from typing import Self

from infra.sandbox.company import HARMLESS_GROUPS, HR_PARTNER_GROUPS
from infra.sandbox.probes import Group, Meeting
from tests.e2e.world import World


@dataclass(frozen=True)
class Picture:
    """Mails by their bytes, calendars with ETags, groups with members and ETags."""

    mails: tuple[bytes, ...]
    calendars: dict[str, tuple[Meeting, ...]]
    groups: dict[str, Group]

    @classmethod
    def of(cls, world: World, *people: str) -> Self:
        """Look at every mail and group, and at the calendars of all HR partners and of these people."""
        owners = (*people, *HR_PARTNER_GROUPS["HR partners"])
        return cls(
            mails=tuple(mail.raw for mail in world.mailbox.every_mail()),
            calendars={owner: world.calendars.meetings(owner) for owner in owners},
            groups=world.directory.groups(),
        )

    @property
    def harmless(self) -> dict[str, Group]:
        """The groups that must never be touched, with their ETags."""
        return {name: self.groups[name] for name in HARMLESS_GROUPS}

    def critical_groups_of(self, member_id: str) -> frozenset[str]:
        """Return the groups, other than harmless ones, in which an account is."""
        return frozenset(
            name
            for name, group in self.groups.items()
            if name not in HARMLESS_GROUPS and member_id in {member.id for member in group.members}
        )
