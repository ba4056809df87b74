"""The fictional company: its people, its groups, the awkward cases by name, and what the services are told about it.

**The HR partner of a person.** The SCIM group `HR partners <division>` (the division of the Enterprise User) lists the
HR partners of that division; where there is no such group, or nobody in it can do it, the group `HR partners` does. The
responsible one is the first member by employee id (`externalId`) who is active and is not the leaver.

**Calendars.** Everybody with `has_calendar` has one at `<caldav>/<employee id>/calendar/`: partly filled, in the
person's own zone. HR partners are the busiest. Interviews are booked in the calendar of the HR partner.

**Critical groups** are those in `CRITICAL_GROUPS`, which the access policy of the sandbox names. All others are
harmless and must never be touched.
"""

from pathlib import Path
from typing import Final

from infra.sandbox.people import MAIL_DOMAIN, PEOPLE, Person

ACCESS_POLICY: Final = Path(__file__).with_name("access-policy.yaml")
HR_MAILBOX: Final = f"hr@{MAIL_DOMAIN}"
MAIL_FROM: Final = f"exit-management@{MAIL_DOMAIN}"
TIME_ZONE: Final = "Europe/Berlin"

WILL_STAY: Final = "E1014"
"""Jonas Brandt, Berlin: resigns and is retained. Ordinary in every way."""
WILL_LEAVE: Final = "E1023"
"""Amara Okafor, New York: resigns and leaves. Ordinary in every way."""
WILL_WITHDRAW: Final = "E1031"
"""Priya Nair, Singapore: resigns and withdraws before anybody has looked. Ordinary in every way."""
NOBODY_ABOVE: Final = "E1001"
"""Helene Vogt: has no manager."""
INACTIVE_MANAGER: Final = "E1027"
"""Frank Zimmermann: his account is inactive, and `MANAGER_IS_INACTIVE` still reports to him."""
MANAGER_IS_INACTIVE: Final = "E1028"
"""Sofia Marino: her manager's account is inactive; the manager above is E1021."""
LAST_MEMBER: Final = "E1026"
"""Hannah Schulz: the only member of the critical group `LAST_MEMBER_GROUP`."""
LAST_MEMBER_GROUP: Final = "vault-custodians"
BREAK_GLASS: Final = "X9001"
"""The emergency account: protected, in critical groups, belongs to nobody."""
DUPLICATED: Final = "E1037"
"""Anna Schmidt and Anna Schmitt: two people with one `externalId`, both in a critical group."""
CONTRACTOR: Final = "C2001"
"""Rohan Kapoor: `userType` Contractor, without a calendar, in critical groups."""
TWO_EMPLOYMENTS: Final = "E1036"
"""María Fernández: one person with two employments, see `employments`."""
NO_COMMON_HOURS: Final = "E1038"
"""Noah Williams, New York: his HR partner is in Singapore, and they never have an office hour in common."""
INACTIVE_HR_PARTNER: Final = "E1007"
"""Renate Busch: still listed as the first HR partner of Payments, but inactive."""
HR_PARTNER: Final = "E1008"
"""Sabine Hartmann: HR partner of Payments, whose own partner comes from the group `HR partners`."""

CRITICAL_GROUPS: Final = {
    "customer-data": ("E1014", "E1023", "E1028", "E1029", "E1031", "E1034", "E1035", "E1036", "E1037", "C2001"),
    "payments-approvers": ("E1005", "E1012", "E1013", "E1014", "E1017", "E1020", "E1036"),
    "prod-admins": ("E1002", "E1021", "E1022", "E1023", "E1024", "E1025", "C2001", "X9001"),
    "source-signing": ("E1022", "E1023", "E1026", "X9001"),
    LAST_MEMBER_GROUP: (LAST_MEMBER,),
}
HR_PARTNER_GROUPS: Final = {
    "HR partners": ("E1007", "E1008", "E1009", "E1010", "E1011"),
    "HR partners Customer Care": ("E1011",),
    "HR partners Payments": ("E1007", "E1008", "E1009"),
    "HR partners Platform": ("E1010",),
}
HARMLESS_GROUPS: Final = {
    "all-staff": tuple(dict.fromkeys(person.employee_id for person in PEOPLE if person.active)),
    "berlin-office": ("E1001", "E1008", "E1013", "E1014", "E1015", "E1024", "E1026", "E1035"),
    "book-club": ("E1010", "E1014", "E1019", "E1023", "E1031", "E1036"),
    "running-club": ("E1002", "E1014", "E1018", "E1025"),
}
GROUPS: Final = {**CRITICAL_GROUPS, **HR_PARTNER_GROUPS, **HARMLESS_GROUPS}
"""Members by employee id; an id that two people share means both."""


def person(employee_id: str) -> Person:
    """Return the person, or the first of those who share the id.

    Raises:
        KeyError: there is nobody.
    """
    found = people(employee_id)
    if not found:
        raise KeyError(employee_id)
    return found[0]


def people(employee_id: str) -> tuple[Person, ...]:
    """Return everybody with this id."""
    return tuple(one for one in PEOPLE if one.employee_id == employee_id)


def members(group: str) -> tuple[Person, ...]:
    """Return the people in the group."""
    return tuple(one for employee_id in GROUPS[group] for one in people(employee_id))


def critical_groups_of(employee_id: str) -> frozenset[str]:
    """Return the names of the critical groups that the person is in."""
    return frozenset(name for name, ids in CRITICAL_GROUPS.items() if employee_id in ids)


def hr_partner_of(leaver: Person) -> Person:
    """Return who is responsible for the leaver in HR, by the rule above."""
    for group in (f"HR partners {leaver.division.name}", "HR partners"):
        for partner in sorted(members(group) if group in GROUPS else (), key=lambda one: one.employee_id):
            if partner.active and partner.employee_id != leaver.employee_id:
                return partner
    raise LookupError(leaver.employee_id)


def environment() -> dict[str, str]:
    """Return the settings that the services need for this company, by the names of their variables."""
    return {
        "EMS_ACCESS_POLICY": str(ACCESS_POLICY),
        "EMS_HR_MAILBOX": HR_MAILBOX,
        "EMS_MAIL_DOMAIN": MAIL_DOMAIN,
        "EMS_MAIL_FROM": MAIL_FROM,
        "EMS_SMTP_TLS": "none",
        "EMS_TIME_ZONE": TIME_ZONE,
    }
