"""The people of a run: each resigns many times, one case after the other.

Everybody who leaves is in two critical groups and a harmless one; the boss is in all of them and never leaves, so that
no group loses its last member. There is one HR partner for every four, so that no calendar fills up. The company is
kept small: the sandbox's directory looks at everybody for each question.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from infra.sandbox import company as sandbox
from infra.sandbox.people import BERLIN, PLATFORM, Person
from infra.sandbox.seed import user

HARMLESS: Final = "book-club"
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_JSON: Final = {"Content-Type": "application/scim+json"}
_SECONDS: Final = 30.0
_TO_A_PARTNER: Final = 4
_TO_A_MANAGER: Final = 20
_TO_A_GROUP: Final = 5  # each person is in two, so there are ten in each


@dataclass(frozen=True)
class Company:
    """Who there is, and what is critical.

    Attributes:
        leavers: employee ids.
        fields: of each one's resignation, as an HR system that knows its people sends them.
        critical: display names of the critical groups.
    """

    leavers: tuple[str, ...]
    fields: dict[str, dict[str, str]]
    critical: tuple[str, ...]

    @classmethod
    def of(cls, leavers: int) -> "Company":
        """Return a company in which so many resign."""
        fields = {
            f"L{number:03d}": {
                "employee_id": f"L{number:03d}",
                "manager_id": f"M{1 + number // _TO_A_MANAGER:02d}",
                "hr_partner_id": f"P{number // _TO_A_PARTNER:03d}",
                "time_zone": sandbox.TIME_ZONE,
                "country": "DE",
            }
            for number in range(leavers)
        }
        groups = range(max(2, -(-leavers // _TO_A_GROUP)))
        return cls(tuple(fields), fields, tuple(f"critical-{number:02d}" for number in groups))

    def settings(self, folder: Path) -> dict[str, str]:
        """Return what the services are told about it; the access policy is written into the folder."""
        policy = folder / "access-policy.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        everybody = {"people": 1_000_000}
        said = {"critical_groups": dict.fromkeys(self.critical, "chaos"), "mass_brake": everybody}
        policy.write_text(json.dumps(said), encoding="utf-8")  # JSON is YAML
        return {**sandbox.environment(), "EMS_ACCESS_POLICY": str(policy.absolute())}

    def groups_of(self, leaver: str) -> tuple[str, ...]:
        """Return the critical groups that somebody is in before the first resignation."""
        number, among = self.leavers.index(leaver), len(self.critical)
        return self.critical[number % among], self.critical[(number + 1) % among]

    def hire(self, scim_url: str, token: str, caldav_url: str) -> None:
        """Put everybody into the directory, the groups and the calendars."""
        partners = sorted({fields["hr_partner_id"] for fields in self.fields.values()})
        managers = sorted({fields["manager_id"] for fields in self.fields.values()})
        headers = {"Authorization": f"Bearer {token}"}
        with (
            httpx2.Client(base_url=scim_url, headers=headers, timeout=_SECONDS) as scim,
            httpx2.Client(base_url=caldav_url, timeout=_SECONDS) as caldav,
            ThreadPoolExecutor(1) as beside,
        ):
            calendars = beside.submit(_add_calendars, caldav, (*partners, *self.leavers))
            ids: dict[str, str] = {}
            for one in ("M00", *managers, *partners, *self.leavers):
                ids[one] = _add_user(scim, one, ids.get(self._boss_of(one)))
            self._add_groups(scim, ids)
            calendars.result()

    def _boss_of(self, one: str) -> str:
        return self.fields[one]["manager_id"] if one in self.fields else "M00"

    def _add_groups(self, scim: httpx2.Client, ids: dict[str, str]) -> None:
        groups = {name: [one for one in self.leavers if name in self.groups_of(one)] for name in self.critical}
        for name, members in (*groups.items(), (HARMLESS, self.leavers)):
            people = [{"value": ids[one], "display": _name(one), "type": "User"} for one in ("M00", *members)]
            group = {"schemas": [_GROUP], "displayName": name, "members": people}
            scim.post("/Groups", content=json.dumps(group), headers=_JSON).raise_for_status()


def _add_user(scim: httpx2.Client, employee_id: str, manager: str | None) -> str:
    account: dict[str, Any] = user(_person(employee_id), {})
    if manager:
        account[_ENTERPRISE]["manager"] = {"value": manager}
    answer = scim.post("/Users", content=json.dumps(account), headers=_JSON).raise_for_status()
    return str(answer.json()["id"])


def _person(employee_id: str) -> Person:
    return Person(employee_id, "Robin", employee_id, "Engineer", "Chaos", PLATFORM, BERLIN, "en", None)


def _name(employee_id: str) -> str:
    return _person(employee_id).name


def _add_calendars(caldav: httpx2.Client, owners: Sequence[str]) -> None:
    for one in owners:
        caldav.request("MKCOL", f"/{one}/").raise_for_status()
        caldav.request("MKCALENDAR", f"/{one}/calendar/").raise_for_status()
