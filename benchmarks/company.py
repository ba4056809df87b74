"""The people of a run: each resigns once, so that no case waits for another one of the same person.

They join the sandbox's company: managers are the sandbox's own, HR partners are added (one for every four who leave,
so that no calendar fills up), and the critical groups are those that are given to the services for this run. Everybody
is in one of them, and has an appointment tomorrow.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2

from infra.endpoints import Endpoints
from infra.sandbox.company import TIME_ZONE
from infra.sandbox.people import BERLIN, PEOPLE, PLATFORM
from infra.sandbox.people import Person as Account
from infra.sandbox.seed import user

CRITICAL_GROUPS: Final = tuple(f"bench-critical-{number}" for number in range(1, 21))
_LEAVERS_PER_PARTNER: Final = 4
_MANAGERS: Final = ("E1013", "E1017", "E1022", "E1031", "E1034")
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_JSON: Final = {"Content-Type": "application/scim+json"}
_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Leaver:
    """Somebody who is going to resign.

    Attributes:
        scim_id: the directory's own id of the person.
        fields: of the resignation, as an HR system that knows its people sends them.
    """

    employee_id: str
    scim_id: str
    fields: dict[str, str]


def settings(folder: Path) -> dict[str, str]:
    """Return what the services are told for a run; the access policy is written into the folder."""
    policy = folder / "access-policy.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    everybody = {"people": 1_000_000}
    said = {"critical_groups": dict.fromkeys(CRITICAL_GROUPS, "measured"), "mass_brake": everybody}
    policy.write_text(json.dumps(said), encoding="utf-8")  # JSON is YAML
    return {"EMS_ACCESS_POLICY": str(policy.absolute()), "EMS_INTAKE_BRAKE_COUNT": "0"}


def hire(number: int, endpoints: Endpoints) -> tuple[Leaver, ...]:
    """Put that many people into the directory, their groups and calendars; return them."""
    leavers = [_account("L", "Leaver", one, _MANAGERS[one % len(_MANAGERS)]) for one in range(number)]
    partners = [_account("P", "Partner", one, "E1004") for one in range(1 + (number - 1) // _LEAVERS_PER_PARTNER)]
    headers = {"Authorization": f"Bearer {endpoints.scim_token}"}
    with (
        httpx2.Client(base_url=endpoints.scim, headers=headers, timeout=_SECONDS) as scim,
        httpx2.Client(base_url=endpoints.caldav, timeout=_SECONDS) as caldav,
        ThreadPoolExecutor(2) as pool,
    ):
        calendars = [pool.submit(_add_calendar, caldav, one) for one in (*partners, *leavers)]
        ids = _add_to_directory(scim, [*partners, *leavers])
        for one in calendars:
            one.result()
    return tuple(
        Leaver(one.employee_id, ids[one.mail], _fields(one, partners[at // _LEAVERS_PER_PARTNER]))
        for at, one in enumerate(leavers)
    )


def _account(letter: str, family_name: str, number: int, manager: str) -> Account:
    name = f"{family_name}-{number:04d}"
    return Account(
        f"{letter}{number:04d}", "Bench", name, "Engineer", "Bench", PLATFORM, BERLIN, "en", manager
    )  # fmt: skip


def _fields(leaver: Account, partner: Account) -> dict[str, str]:
    return {
        "employee_id": leaver.employee_id,
        "manager_id": leaver.manager or "",
        "hr_partner_id": partner.employee_id,
        "time_zone": TIME_ZONE,
        "country": leaver.office.country,
    }


def _add_to_directory(scim: httpx2.Client, accounts: list[Account]) -> dict[str, str]:
    """Create the users and the critical groups; return the directory's ids, by mail address."""
    ids = {one["userName"]: one["id"] for one in _created(scim.get("/Users", params={"count": 200}))["Resources"]}
    for one in accounts:
        ids[one.mail] = _created(scim.post("/Users", content=json.dumps(user(one, ids)), headers=_JSON))["id"]
    for at, name in enumerate(CRITICAL_GROUPS):
        members = [one for one in accounts if one.employee_id.startswith("L")][at :: len(CRITICAL_GROUPS)]
        people = [{"value": ids[one.mail], "display": one.name, "type": "User"} for one in members]
        # the last member of a group is never taken out
        people.append({"value": ids[PEOPLE[0].mail], "display": PEOPLE[0].name, "type": "User"})
        group = {"schemas": [_GROUP], "displayName": name, "members": people}
        _created(scim.post("/Groups", content=json.dumps(group), headers=_JSON))
    return ids


def _created(answer: httpx2.Response) -> Any:  # noqa: ANN401 - any JSON
    return answer.raise_for_status().json()


def _add_calendar(caldav: httpx2.Client, account: Account) -> None:
    home, headers = f"/{account.employee_id}/", {"Content-Type": "text/calendar; charset=utf-8"}
    caldav.request("MKCOL", home).raise_for_status()
    caldav.put(f"{home}calendar/", content=_calendar(datetime.now(UTC)), headers=headers).raise_for_status()


def _calendar(now: datetime) -> str:
    day = f"{now + timedelta(days=1):%Y%m%d}"
    event = ("BEGIN:VEVENT", "UID:busy", f"DTSTAMP:{day}T000000Z", f"DTSTART:{day}T090000Z", f"DTEND:{day}T100000Z")
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//EMS//Bench//EN", *event, "END:VEVENT", "END:VCALENDAR", "")
    return "\r\n".join(lines)
