"""Puts the fictional company into the directory and the calendar server.

What is there already stays as it is, so that a second run, or one after an interruption, adds only what is missing:
a user by its user name, a group by its display name, a calendar by its address. Each of them is made by one request.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx2

from infra.sandbox.appointments import calendar
from infra.sandbox.company import GROUPS, members
from infra.sandbox.people import ORGANIZATION, PEOPLE, Person

_USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_EXISTS: Final = (405, 412)
_SECONDS: Final = 30.0


def seed(scim_url: str | None, token: str, caldav_url: str | None, today: date | None = None) -> None:
    """Create what is missing of the company's users, groups and calendars.

    Args:
        scim_url: to which `/Users` and `/Groups` are appended; `None` where the directory is somebody's own.
        token: the bearer token of the directory.
        caldav_url: under which each person's folder lies; `None` where the calendars are somebody's own.
        today: the day from which calendars are filled; by default this one.

    Raises:
        httpx2.HTTPError: a server is away or refuses; run it again when that is mended.
    """
    day = today or datetime.now(UTC).date()
    scim = httpx2.Client(timeout=_SECONDS, headers={"Authorization": f"Bearer {token}"})
    with scim, httpx2.Client(timeout=_SECONDS) as caldav, ThreadPoolExecutor(3) as pool:
        owners = [one for one in PEOPLE if one.has_calendar and caldav_url]
        calendars = [pool.submit(_seed_calendar, caldav, str(caldav_url), one, day) for one in owners]
        if scim_url:
            _seed_directory(scim, scim_url.rstrip("/"))
        for one in calendars:
            one.result()


def _seed_directory(client: httpx2.Client, url: str) -> None:
    ids = {found["userName"]: found["id"] for found in _all(client, f"{url}/Users")}
    for one in PEOPLE:
        if one.mail not in ids:
            ids[one.mail] = _create(client, f"{url}/Users", user(one, ids))["id"]
    groups = {found["displayName"] for found in _all(client, f"{url}/Groups")}
    for name in GROUPS:
        if name not in groups:
            _create(client, f"{url}/Groups", group(name, ids))


def user(person: Person, ids: dict[str, str]) -> dict[str, Any]:
    """Return the person as a SCIM User; `ids` has the SCIM id of the manager, by mail address."""
    office, language = person.office, person.language
    return {
        "schemas": [_USER, _ENTERPRISE],
        "externalId": person.employee_id,
        "userName": person.mail,
        "name": {"givenName": person.given_name, "familyName": person.family_name, "formatted": person.name},
        "displayName": person.name,
        "title": person.title,
        "userType": person.user_type,
        "active": person.active,
        "preferredLanguage": language,
        "locale": f"{language}-{office.country}",
        "timezone": office.zone,
        "emails": [{"value": person.mail, "type": "work", "primary": True}],
        "addresses": [_address(person)],
        _ENTERPRISE: _enterprise(person, ids),
    }


def _address(person: Person) -> dict[str, Any]:
    office = person.office
    region = {"region": office.region} if office.region else {}
    return {"type": "work", "locality": office.city, "country": office.country, "primary": True, **region}


def _enterprise(person: Person, ids: dict[str, str]) -> dict[str, Any]:
    manager = next((one for one in PEOPLE if one.employee_id == person.manager), None)
    return {
        "employeeNumber": person.employee_number,
        "organization": ORGANIZATION,
        "division": person.division.name,
        "department": person.department,
        "costCenter": person.division.cost_center,
        **({"manager": {"value": ids[manager.mail], "displayName": manager.name}} if manager else {}),
    }


def group(name: str, ids: dict[str, str]) -> dict[str, Any]:
    """Return the group as a SCIM Group; `ids` has the SCIM ids of its members, by mail address."""
    people = [{"value": ids[one.mail], "display": one.name, "type": "User"} for one in members(name)]
    return {"schemas": [_GROUP], "displayName": name, "members": people}


def _all(client: httpx2.Client, url: str) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(url, params={"startIndex": len(found) + 1, "count": 200}).raise_for_status().json()
        page = answer.get("Resources", [])
        found.extend(page)
        if not page or len(found) >= answer["totalResults"]:
            return found


def _create(client: httpx2.Client, url: str, resource: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/scim+json"}
    created: dict[str, Any] = client.post(url, json=resource, headers=headers).raise_for_status().json()
    return created


def _seed_calendar(client: httpx2.Client, url: str, person: Person, today: date) -> None:
    home = f"{url.rstrip('/')}/{person.employee_id}/"
    headers = {"Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"}
    if client.request("PROPFIND", f"{home}calendar/", headers={"Depth": "0"}).is_success:
        return
    for answer in (
        client.request("MKCOL", home),
        client.put(f"{home}calendar/", content=calendar(person, today), headers=headers),
    ):
        if answer.status_code not in _EXISTS:
            answer.raise_for_status()
